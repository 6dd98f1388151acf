"""What a server's answers say. Everything in them is untrusted; faults become typed failures."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Sequence

from .dataset import VOCABULARY
from .errors import HarnessFailure

_CHOICE_PLACES = (
    "token_ids",
    "output_token_ids",
    "generated_token_ids",
    "completion_token_ids",
    "text_token_ids",
)
_ROOT_PLACES = ("token_ids", "output_token_ids", "generated_token_ids", "completion_token_ids")
#: A logprob computed in 16-bit floats may come out a hair above 0.
_ABOVE_ZERO = 1e-3


@dataclass(frozen=True)
class Completion:
    text: str
    token_ids: list[int]
    #: Where the ids were found, for example `choices[0].token_ids`.
    source: str
    #: Did the ids begin with the prompt, which was cut off?
    echoed_prompt: bool
    #: usage.completion_tokens, when it is a number.
    usage_tokens: int | None


@dataclass(frozen=True)
class TokenScore:
    """One position under teacher forcing, in nats."""

    logprob: float
    #: The best alternative that the server names; the token's own logprob when it names none.
    best: float
    #: Is the token the first choice (or equal to it)?
    is_argmax: bool
    #: Did the server name another token beside the prompt's own?
    has_alternative: bool

    @property
    def probability_excess(self) -> float:
        """How far the probabilities of two different tokens at one position sum above 1."""
        return max(0.0, math.exp(self.logprob) + math.exp(self.best) - 1) if self.has_alternative else 0.0

    @property
    def gap(self) -> float:
        return 0.0 if self.is_argmax else max(0.0, self.best - self.logprob)


def parse_completion(body: Any, prompt_ids: Sequence[int]) -> Completion:
    choice = _choice(body)
    found = _find_ids(body, choice)
    if found is None:
        raise HarnessFailure("no_token_ids", "The answer to a completion holds no token ids.")
    ids, source = found
    if not isinstance(ids, list) or not all(type(item) is int and 0 <= item < VOCABULARY for item in ids):
        raise HarnessFailure("bad_token_ids", f"{source} is not a list of ids from 0 to {VOCABULARY - 1}.")
    echoed = len(ids) > len(prompt_ids) and ids[: len(prompt_ids)] == list(prompt_ids)
    text = choice.get("text")
    if text is None and isinstance(choice.get("message"), dict):
        text = choice["message"].get("content")
    usage = body.get("usage")
    counted = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return Completion(
        text=text if isinstance(text, str) else "",
        token_ids=ids[len(prompt_ids) :] if echoed else ids,
        source=source,
        echoed_prompt=echoed,
        usage_tokens=counted if type(counted) is int else None,
    )


def parse_scores(body: Any, token_ids: Sequence[int], start: int) -> list[TokenScore]:
    """Scores of positions `start` to the end of `token_ids`; position 0 is never scored."""
    choice = _choice(body)
    entries = choice.get("prompt_logprobs", body.get("prompt_logprobs"))
    if not isinstance(entries, list) or len(entries) < len(token_ids):
        have = len(entries) if isinstance(entries, list) else "no"
        raise HarnessFailure("no_prompt_logprobs", f"{have} prompt_logprobs for {len(token_ids)} prompt tokens.")
    return [_score(entries[at], token_ids[at], at) for at in range(max(1, start), len(token_ids))]


def _score(entry: Any, token: int, position: int) -> TokenScore:
    if not isinstance(entry, dict):
        raise HarnessFailure("bad_logprob", f"prompt_logprobs[{position}] is not an object.")
    own = next((entry[key] for key in (str(token), f"token_id:{token}") if key in entry), None)
    if own is None:
        message = f"prompt_logprobs[{position}] lacks the prompt's own token {token}."
        raise HarnessFailure("bad_logprob", message)
    logprob = _logprob(own, position)
    others = [_logprob(value, position) for value in entry.values() if value is not own]
    best = max(others, default=logprob)
    rank = own.get("rank") if isinstance(own, dict) else None
    # Without alternatives nothing contradicts the token; a rank, where given, does.
    is_argmax = best <= logprob and (rank is None or rank == 1 or bool(others))
    return TokenScore(logprob, best, is_argmax, bool(others))


def _logprob(value: Any, position: int) -> float:
    number = value.get("logprob") if isinstance(value, dict) else value
    valid = isinstance(number, (int, float)) and not isinstance(number, bool) and math.isfinite(number)
    if not valid or number > _ABOVE_ZERO:
        raise HarnessFailure("bad_logprob", f"prompt_logprobs[{position}] holds the logprob {str(number)[:40]}.")
    return float(number)


def _choice(body: Any) -> dict:
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise HarnessFailure("bad_response", "The answer has no choices[0].")
    return choices[0]


def _find_ids(body: dict, choice: dict) -> tuple[Any, str] | None:
    """The ids of the completion: engines differ in where they put them."""
    for place in _CHOICE_PLACES:
        if choice.get(place) is not None:
            return choice[place], f"choices[0].{place}"
    logprobs = choice.get("logprobs")
    if isinstance(logprobs, dict) and logprobs.get("token_ids") is not None:
        return logprobs["token_ids"], "choices[0].logprobs.token_ids"
    for place in _ROOT_PLACES:
        if body.get(place) is not None:
            return body[place], place
    return None
