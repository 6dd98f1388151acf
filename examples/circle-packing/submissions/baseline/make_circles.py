#!/usr/bin/env python3
"""Writes the baseline: a 5 x 5 grid of circles of radius 1/10, and a small one in one of the gaps.

The gap between four circles of the grid has the radius (sqrt(2) - 1) / 10, which is irrational; it is cut off after
15 decimals, so the circle is a little smaller than the gap and the check is passed exactly.
"""
import json
from math import isqrt
from pathlib import Path

DECIMALS = 15


def main() -> None:
    tenths = [1, 3, 5, 7, 9]
    circles = [[f"0.{x}", f"0.{y}", "0.1"] for y in tenths for x in tenths]
    root = isqrt(2 * 10 ** (2 * DECIMALS))
    gap = (root - 10**DECIMALS) // 10
    circles.append(["0.2", "0.2", f"0.{gap:0{DECIMALS}d}"])
    rows = ",\n".join(f"    {json.dumps(circle)}" for circle in circles)
    text = f'{{\n  "circles": [\n{rows}\n  ]\n}}\n'
    (Path(__file__).resolve().parent / "circles.json").write_text(text)


if __name__ == "__main__":
    main()
