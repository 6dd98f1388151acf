"""Reads the JSON log of an Inspect run: one answer for each question that was asked, whatever became of it.

The accuracy is counted here from the single samples. A question without a score counts as wrong, so that a server
gains nothing by failing on the hard ones.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

_RIGHT = "C"


class LogError(Exception):
    """The log is missing, cut off or not about the questions that were asked."""


@dataclass(frozen=True)
class Sample:
    """One question in one epoch."""

    id: str
    epoch: int
    #: What the scorer read as the answer.
    answer: str | None
    target: str
    correct: bool
    #: Why there is no score; None where there is one.
    error: str | None


@dataclass(frozen=True)
class InspectLog:
    #: Of the tool: success, error, cancelled.
    status: str
    scorer: str | None
    version: str | None
    samples: list[Sample]


def read_log(path: Path, ids: Sequence[str]) -> InspectLog:
    """The log, with samples for `ids` only and in their order; raises LogError."""
    try:
        document = json.loads(path.read_text("utf-8"))
        rows = [_sample(row) for row in document.get("samples") or []]
        scores = (document.get("results") or {}).get("scores") or []
        scorer = scores[0].get("scorer") if scores else None
        version = document["eval"].get("packages", {}).get("inspect_ai")
        status = str(document["status"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LogError(f"{path.name} is not a log of Inspect: {error!r}") from error
    order = {key: at for at, key in enumerate(ids)}
    strange = sorted({sample.id for sample in rows} - order.keys())
    if strange:
        raise LogError(f"{path.name} holds questions that were not asked: {', '.join(strange[:3])}")
    if len({(sample.id, sample.epoch) for sample in rows}) != len(rows):
        raise LogError(f"{path.name} holds a question twice in one epoch.")
    rows.sort(key=lambda sample: (order[sample.id], sample.epoch))
    return InspectLog(status, scorer, version, rows)


def _sample(row: dict[str, Any]) -> Sample:
    scores = row.get("scores") or {}
    score = next(iter(scores.values()), None)
    error = row.get("error")
    if error is None and score is None:
        error = "no score"
    answer = score.get("answer") if score else None
    target = row["target"]
    return Sample(
        id=str(row["id"]),
        epoch=int(row["epoch"]),
        answer=None if answer is None else str(answer)[:20],
        target=target if isinstance(target, str) else ",".join(map(str, target)),
        correct=error is None and score is not None and score.get("value") == _RIGHT,
        error=None if error is None else _first_line(error),
    )


def _first_line(error: Any) -> str:
    text = error.get("message", "") if isinstance(error, dict) else str(error)
    return (str(text).strip().splitlines() or ["unknown"])[0][:200]
