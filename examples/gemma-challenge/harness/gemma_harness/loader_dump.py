"""Reads the result line of a load generator, in which an infinite request rate is the bare word Infinity.

Strict JSON has no such word, so what is handed on has none either: it becomes null.
"""
from __future__ import annotations

import json
import math
from typing import Any


def read_dump(text: str) -> list[dict]:
    """The objects of a JSONL dump, with Infinity, -Infinity and NaN replaced by None."""
    return [_finite(json.loads(line)) for line in text.splitlines() if line.strip()]


def output_tps(dump: dict) -> float:
    """Generated tokens ÷ wall time, from the lengths of the outputs rather than the dump's own quotient."""
    return sum(dump["output_lens"]) / dump["duration"]


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return value
