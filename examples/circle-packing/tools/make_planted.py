#!/usr/bin/env python3
"""Writes a submission with a known right answer, to try the verification before the collab opens.

    make_planted.py NAME DIRECTORY

Writes DIRECTORY/circles.json and prints {"claim", "deserves"}: the sum_radii to claim, and the reason code of the verdict.
Every one is the baseline with one thing wrong.
"""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

BASELINE = Path(__file__).resolve().parent.parent / "submissions" / "baseline" / "circles.json"
#: The exact sum of the baseline; the harness rounds it down to 12 decimals.
EXACT = "2.541421356237309"

Circles = list


def honest(circles: Circles) -> tuple[str, str]:
    return EXACT, "ok"


def overlap(circles: Circles) -> tuple[str, str]:
    """The last circle is 1e-15 too large for its gap: no floating-point check sees it."""
    circles[25] = ["0.2", "0.2", "0.041421356237310"]
    return "2.541421356237310", "overlap"


def outside(circles: Circles) -> tuple[str, str]:
    circles[4] = ["0.900000000000001", "0.1", "0.1"]
    return EXACT, "outside"


def overclaimed(circles: Circles) -> tuple[str, str]:
    """A true packing, and its sum rounded up in the last of the 12 decimals that are shown."""
    return "2.541421356238", "score_overclaimed"


def too_few(circles: Circles) -> tuple[str, str]:
    del circles[25]
    return "2.5", "wrong_count"


def not_a_number(circles: Circles) -> tuple[str, str]:
    """NaN is neither above nor below anything, so careless comparisons let it pass."""
    circles[25] = ["0.2", "0.2", "NaN"]
    return EXACT, "bad_number"


def huge(circles: Circles) -> tuple[str, str]:
    """Fits the rules and not the size: an evaluator must not read a gigabyte to say no."""
    circles[25] = [f"0.2{'0' * 100_000}", "0.2", "0.04"]
    return "2.54", "bad_file"


PLANTED = {
    "honest": honest,
    "overlap": overlap,
    "outside": outside,
    "overclaimed": overclaimed,
    "too-few": too_few,
    "not-a-number": not_a_number,
    "huge": huge,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Write a planted packing.")
    parser.add_argument("name", choices=sorted(PLANTED))
    parser.add_argument("directory", type=Path)
    options = parser.parse_args()
    circles = json.loads(BASELINE.read_text("utf-8"))["circles"]
    claim, deserves = PLANTED[options.name](circles)
    options.directory.mkdir(parents=True, exist_ok=True)
    (options.directory / "circles.json").write_text(json.dumps({"circles": circles}) + "\n", "utf-8")
    print(json.dumps({"claim": claim, "deserves": deserves}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
