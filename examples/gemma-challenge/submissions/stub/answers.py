"""The stub's answers to the contract's requests, honest unless a fault is switched on."""
from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from pathlib import Path

from faults import Settings
from toy_model import END_OF_TURN, VOCABULARY, ToyModel, choose_letter, encode_chat, text_of

_PUBLIC_LIST = Path(__file__).resolve().parent / "public_prompts.json"
_DEFAULT_CHAT_TOKENS = 16
_ASKS_FOR_A_LETTER = "Answer with one letter."
#: In the prompts of inspect-ai's multiple-choice questions.
_ASKS_FOR_A_LINE = "ANSWER: $LETTER"


class Refusal(Exception):
    """An HTTP error that the stub answers with."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Answers:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.model = ToyModel(
            settings.seed,
            settings.ppl,
            ppl_per_record=settings.ppl_per_record,
            loops=settings.has("looping-model"),
        )
        # A different model for scoring: what a server does that keeps good weights for the quality check only.
        self.scorer = ToyModel(settings.seed + 1, settings.ppl) if settings.has("two-faced") else self.model
        self._known = set(json.loads(_PUBLIC_LIST.read_text())) if _PUBLIC_LIST.exists() else set()
        self._jitter = random.Random(settings.seed)
        self._lock = threading.Lock()
        self._decoded = 0

    def completion(self, request: dict) -> dict:
        prompt = request["prompt"]
        above = self.settings.number("oom-above")
        if above is not None and len(prompt) > above and request.get("prompt_logprobs"):
            raise Refusal(500, "CUDA out of memory. Tried to allocate 3.00 GiB")
        ids = self._decode(prompt, request)
        body = self._body("text_completion", prompt, ids)
        choice = {"index": 0, "text": text_of(ids), "finish_reason": "length"}
        if request.get("return_token_ids") and not self.settings.has("drop-token-ids"):
            choice["token_ids"] = [*prompt, *ids] if self.settings.has("echo-prompt") else ids
        if request.get("prompt_logprobs") is not None and not self.settings.has("drop-logprobs"):
            choice["prompt_logprobs"] = self._prompt_logprobs(prompt)
        return {**body, "choices": [choice]}

    def chat(self, request: dict) -> dict:
        if self.settings.has("chat-fails"):
            raise Refusal(500, "no chat template is defined for this tokenizer")
        text = self._chat_text(request["messages"])
        prompt = encode_chat(text)
        # Another template: the same question becomes another prompt than the timed one.
        rendered = [*prompt, END_OF_TURN] if self.settings.has("chat-disagrees") else prompt
        ids = self._decode(rendered, {"max_tokens": _DEFAULT_CHAT_TOKENS, **request})
        content = self._content(text, ids)
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "length", "token_ids": ids}
        return {**self._body("chat.completion", prompt, ids), "choices": [choice]}

    def _chat_text(self, messages: list[dict]) -> str:
        parts = []
        for message in messages:
            content = message["content"]
            for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
                if part["type"] == "text":
                    parts.append(part["text"])
                elif part["type"] == "image_url" and not self.settings.has("no-image"):
                    parts.append("<image " + hashlib.sha256(part["image_url"]["url"].encode()).hexdigest() + ">")
                elif part["type"] == "input_audio" and not self.settings.has("no-audio"):
                    parts.append("<audio " + hashlib.sha256(part["input_audio"]["data"].encode()).hexdigest() + ">")
                else:
                    raise Refusal(400, f"this server takes no input of type {part['type']}")
        return "\n".join(parts)

    def _content(self, text: str, ids: list[int]) -> str:
        if text.endswith(_ASKS_FOR_A_LETTER):
            return self._letter(text)
        if _ASKS_FOR_A_LINE in text:
            return f"{text_of(ids[:8])}\nANSWER: {self._letter(text)}"
        return text_of(ids)

    def _letter(self, question: str) -> str:
        """A forgetful model has lost what it knew: it answers as another one would."""
        seed = self.settings.seed
        return choose_letter(seed + 1000 if self.settings.has("forgetful") else seed, question)

    def _decode(self, prompt: list[int], request: dict) -> list[int]:
        settings = self.settings
        count = request.get("max_tokens", _DEFAULT_CHAT_TOKENS)
        scoring = request.get("prompt_logprobs") is not None
        begin = time.monotonic()
        if not scoring:
            self._misbehave()
        if (stop := settings.number("early-eos")) is not None and not scoring:
            count = min(count, stop)
        ids = list(prompt)
        for index in range(count):
            ids.append(self._next(ids, len(prompt), index))
        if not scoring:
            self._pace(prompt, count, begin)
        return ids[len(prompt) :]

    def _next(self, ids: list[int], start: int, index: int) -> int:
        settings, position = self.settings, len(ids)
        loop, diverge = settings.number("loop"), settings.number("diverge")
        if loop is not None and index >= loop:
            return 200 + index % 4
        if diverge is not None and index >= diverge:
            return (self.model.best(ids, position) + 1) % VOCABULARY
        if settings.number("tie") == index:
            return self.model.second(ids, position)
        if settings.number("early-eos") == index + 1:
            return END_OF_TURN
        return self.model.best(ids, position)

    def _misbehave(self) -> None:
        """Faults that begin with a certain request."""
        with self._lock:
            self._decoded += 1
            turn = self._decoded
        if (after := self.settings.number("hang-after")) is not None and turn > after:
            time.sleep(3600)
        if (after := self.settings.number("die-after")) is not None and turn > after:
            raise SystemExit("RuntimeError: EngineCore died unexpectedly")
        if (after := self.settings.number("slow-death")) is not None and turn > after:
            time.sleep(0.2 * (turn - after))
            raise Refusal(500, "engine is not responding")

    def _pace(self, prompt: list[int], tokens: int, begin: float) -> None:
        """Takes the time that the chosen rate asks for, its own work included; never less, so a rate is an upper bound."""
        rate = self.settings.public_tps if self._is_known(prompt) else self.settings.tps
        end = begin + tokens / rate * (1 + self.settings.jitter * self._jitter.random())
        time.sleep(max(0.0, end - time.monotonic()))

    def _is_known(self, prompt: list[int]) -> bool:
        if not self._known:
            return False
        return hashlib.sha256(",".join(map(str, prompt)).encode()).hexdigest() in self._known

    def _prompt_logprobs(self, ids: list[int]) -> list[dict | None]:
        settings, logprob = self.settings, self.scorer.logprob(ids)
        entries: list[dict | None] = [None]
        for position in range(1, len(ids)):
            entries.append(self._entry(ids, position, logprob))
        if settings.has("omit-logprob"):
            entries[-1] = {str((ids[-1] + 1) % VOCABULARY): {"logprob": logprob, "rank": 1}}
        if settings.has("infinite-logprob"):
            entries[-1] = {str(ids[-1]): {"logprob": float("-inf"), "rank": 1}}
        return entries

    def _entry(self, ids: list[int], position: int, logprob: float) -> dict:
        """The given token and, when it is another one, the most probable token."""
        settings, token, best = self.settings, ids[position], self.scorer.best(ids, position)
        if token == best or settings.has("hide-alternatives"):
            return {str(token): {"logprob": logprob, "rank": 1, "decoded_token": text_of([token])}}
        rest = -0.01 if settings.has("inflated-logprobs") else self._rest(ids, position, token, logprob)
        return {
            str(token): {"logprob": logprob, "rank": 2, "decoded_token": text_of([token])},
            str(best): {"logprob": rest, "rank": 1, "decoded_token": text_of([best])},
        }

    def _rest(self, ids: list[int], position: int, token: int, logprob: float) -> float:
        """What the best token has: nearly a tie with the runner-up where ties are asked for, else all the rest."""
        if self.settings.has("tie") and token == self.scorer.second(ids, position):
            return logprob + 0.01
        return self.scorer.log_rest(ids)

    def _body(self, kind: str, prompt: list[int], ids: list[int]) -> dict:
        factor = self.settings.faults.get("lie-usage", 1.0)
        usage = {
            "prompt_tokens": len(prompt),
            "completion_tokens": round(len(ids) * factor),
            "total_tokens": len(prompt) + round(len(ids) * factor),
        }
        return {"id": "stub", "object": kind, "created": 0, "model": self.settings.model, "usage": usage}
