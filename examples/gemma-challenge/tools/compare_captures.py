#!/usr/bin/env python3
"""Are two decode_outputs.jsonl token for token the same? Exit status: 0 identical, 1 divergent, 2 incomparable.

    compare_captures.py REFERENCE CANDIDATE

Two honest captures of one server on a GPU usually differ (a near-tie tips over), so this is a tool for looking,
not a gate; the gate is the audit in the harness.
"""
import argparse
import dataclasses
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

from gemma_harness.captures import EXIT_CODES, compare_captures  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare two captures token by token.")
    parser.add_argument("reference", type=Path)
    parser.add_argument("candidate", type=Path)
    options = parser.parse_args()
    comparison = compare_captures(options.reference, options.candidate)
    print(json.dumps(dataclasses.asdict(comparison), indent=2))
    return EXIT_CODES[comparison.verdict]


if __name__ == "__main__":
    sys.exit(main())
