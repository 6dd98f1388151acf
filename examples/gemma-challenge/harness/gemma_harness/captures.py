"""Compares two captures (`decode_outputs.jsonl`) token by token, for people who want the literal rule."""
from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from .hashing import token_sha256
from .identity import first_difference

IDENTICAL = "GREEDY_IDENTICAL"
DIVERGENT = "DIVERGENT"
INCOMPARABLE = "INCOMPARABLE"
EXIT_CODES = {IDENTICAL: 0, DIVERGENT: 1, INCOMPARABLE: 2}


@dataclass
class Comparison:
    verdict: str
    prompts: int = 0
    identical: int = 0
    median_first_difference: float | None = None
    #: Record id → index of the first difference.
    differences: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def compare_captures(reference: Path, candidate: Path) -> Comparison:
    """Same prompts and same ids: identical. Other prompts, or a hash that does not fit its ids: incomparable."""
    problems: list[str] = []
    left, right = _load(reference, problems), _load(candidate, problems)
    for name, only in (("reference", left.keys() - right.keys()), ("candidate", right.keys() - left.keys())):
        if only:
            problems.append(f"only in the {name}: {', '.join(sorted(only)[:5])}")
    for key in left.keys() & right.keys():
        if left[key]["prompt_token_sha256"] != right[key]["prompt_token_sha256"]:
            problems.append(f"{key}: the prompts differ")
    if problems or not left:
        return Comparison(INCOMPARABLE, problems=problems or ["the reference is empty"])
    found = {
        key: first_difference(left[key]["completion_token_ids"], right[key]["completion_token_ids"]) for key in left
    }
    differences = {key: at for key, at in sorted(found.items()) if at is not None}
    return Comparison(
        DIVERGENT if differences else IDENTICAL,
        prompts=len(found),
        identical=len(found) - len(differences),
        median_first_difference=statistics.median(differences.values()) if differences else None,
        differences=differences,
    )


def _load(path: Path, problems: list[str]) -> dict[str, dict]:
    records: dict[str, dict] = {}
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        for row in rows:
            ids = row["completion_token_ids"]
            if token_sha256(ids) != row["completion_token_sha256"]:
                problems.append(f"{path.name}: {row['id']}: the stored hash does not fit the ids")
            if row["id"] in records:
                problems.append(f"{path.name}: {row['id']} is there twice")
            records[row["id"]] = {"prompt_token_sha256": row["prompt_token_sha256"], "completion_token_ids": ids}
    except (OSError, ValueError, KeyError, TypeError) as error:
        problems.append(f"{path.name}: cannot be read: {error!r}")
    return records
