"""One tiny request of every shape, right after readiness: a missing feature shows now, not after the timed pass."""
from __future__ import annotations

from ..errors import HarnessFailure
from ..responses import parse_completion, parse_scores
from ..run_state import Run
from ..shapes import CHAT, COMPLETIONS, audio_content, chat_request, decode_request, image_content, score_request

PROBE_TOKENS = 4
_MODALITIES = {"image": image_content, "audio": audio_content}


def probe(run: Run) -> None:
    prompt = min(run.data.warmup, key=lambda item: len(item.token_ids)).token_ids
    _named("decoding with token ids", lambda: _decode(run, prompt))
    _named("scoring with prompt_logprobs", lambda: _score(run, prompt))
    _named("chat", lambda: _chat(run))
    _named("chat", lambda: _compare_chat(run))
    _modalities(run)


def _named(name: str, step) -> None:
    try:
        step()
    except HarnessFailure as failure:
        raise HarnessFailure(failure.code, f"Probe of {name}: {failure.message}", failure.details) from failure


def _decode(run: Run, prompt: list[int]) -> None:
    body = decode_request(run.manifest.served_model_name, prompt, PROBE_TOKENS)
    completion = parse_completion(run.post(COMPLETIONS, body, "decoding four tokens"), prompt)
    if not completion.token_ids:
        raise HarnessFailure("probe_failed", "the answer holds an empty list of token ids.")
    run.diagnostics["token_id_source"] = completion.source
    run.diagnostics["echoes_prompt"] = completion.echoed_prompt


def _score(run: Run, prompt: list[int]) -> None:
    body = score_request(run.manifest.served_model_name, prompt)
    parse_scores(run.post(COMPLETIONS, body, "scoring a short prompt"), prompt, 1)


def _chat(run: Run) -> None:
    body = chat_request(run.manifest.served_model_name, "Say hello.", PROBE_TOKENS)
    _content(run.post(CHAT, body, "answering a chat message"))


def _compare_chat(run: Run) -> None:
    """Does the chat endpoint decode what the timed endpoint decodes? Told, not judged: chat templates have versions."""
    item = min((item for item in run.data.warmup if item.text), key=lambda item: len(item.token_ids), default=None)
    if item is None:
        return
    name = run.manifest.served_model_name
    timed = run.post(COMPLETIONS, decode_request(name, item.token_ids, PROBE_TOKENS), "decoding four tokens")
    chat = run.post(CHAT, chat_request(name, item.text, PROBE_TOKENS), "answering a chat message")
    try:
        answered = parse_completion(chat, item.token_ids).token_ids
    except HarnessFailure:
        return  # Engines need not return ids for chat.
    run.diagnostics["chat_agrees"] = answered == parse_completion(timed, item.token_ids).token_ids[: len(answered)]


def _modalities(run: Run) -> None:
    """The rules want every modality loaded: a gate, since speed can be measured without."""
    answered = []
    for name in run.limits.modalities:
        body = chat_request(run.manifest.served_model_name, _MODALITIES[name](), PROBE_TOKENS)
        answer = run.exchange(CHAT, body)
        try:
            if not answer.ok:
                raise run.server.failure(answer, f"answering a message with {name}")
            _content(run.decoded(answer, f"answering a message with {name}"))
            answered.append(name)
        except HarnessFailure as failure:
            if run.server.exit_code is not None:
                raise
            run.progress.line(f"{name} input: {failure.message}")
    missing = [name for name in run.limits.modalities if name not in answered]
    detail = f"missing: {', '.join(missing)}" if missing else "every modality answered one request"
    run.gates.equal("modalities", len(answered), len(run.limits.modalities), "modality_missing", detail)


def _content(body: object) -> str:
    try:
        content = body["choices"][0]["message"]["content"]
    except (TypeError, KeyError, IndexError):
        content = None
    if not isinstance(content, str) or not content:
        raise HarnessFailure("bad_response", "the answer has no text in choices[0].message.content.")
    return content
