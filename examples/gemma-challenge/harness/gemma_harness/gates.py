"""Gates: yes-or-no conditions on a finished run, each with its number, its limit and a reason code.

A failed gate does not end a run: the score is still measured and shown, and the verdict says why it does not count.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .errors import HarnessFailure

GATES_PATH = Path(__file__).resolve().parent.parent / "gates.json"


@dataclass(frozen=True)
class Limits:
    """gates.json for one profile. Every limit is inclusive."""

    #: Token-weighted perplexity of the reference texts.
    ppl_max: float
    #: Two logprobs this close, in nats, count as a tie.
    tie_nats: float
    #: Share of audited tokens that may be further from the server's own argmax than a tie.
    divergent_share_max: float
    #: Share of the timed outputs that may be repetition loops.
    loop_share_max: float
    #: Public rate ÷ private rate, when both were measured in one run.
    public_private_ratio_max: float
    #: How far two probabilities of one position may sum above 1.
    probability_slack: float
    #: A loss of answers is a failure when chance alone would bring it about less often than this.
    choice_chance_min: float
    #: Inputs that the chat endpoint must take, besides text.
    modalities: tuple[str, ...]


def load_limits(profile: str) -> Limits:
    """The limits of gates.json: `common`, overridden by the section named after the profile."""
    try:
        document = json.loads(GATES_PATH.read_text("utf-8"))
        merged = {**document["common"], **document.get(profile, {})}
        merged["modalities"] = tuple(merged["modalities"])
        return Limits(**merged)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HarnessFailure("data_invalid", f"gates.json: {error}") from error


class Gates:
    def __init__(self) -> None:
        self.results: list[dict] = []

    def at_most(self, name: str, value: float, limit: float, reason: str, detail: str) -> None:
        self._add(name, value <= limit, value, f"<= {limit:g}", limit, reason, detail)

    def at_least(self, name: str, value: float, limit: float, reason: str, detail: str) -> None:
        self._add(name, value >= limit, value, f">= {limit:g}", limit, reason, detail)

    def equal(self, name: str, value: int, expected: int, reason: str, detail: str) -> None:
        self._add(name, value == expected, value, f"== {expected}", expected, reason, detail)

    @property
    def ok(self) -> bool:
        return all(result["ok"] for result in self.results)

    def _add(self, name: str, ok: bool, value: float, comparison: str, limit: float, reason: str, detail: str) -> None:
        self.results.append(
            {
                "gate": name,
                "ok": ok,
                "value": value,
                "limit": limit,
                "comparison": comparison,
                "reason_code": None if ok else reason,
                "detail": detail,
            }
        )
