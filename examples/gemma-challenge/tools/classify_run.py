#!/usr/bin/env python3
"""What became of a run? Reads job_status.json and summary.json of a run folder and prints the outcome as JSON."""
import argparse
import dataclasses
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

from gemma_harness.job_outcomes import classify  # noqa: E402


def read(path: Path):
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def main() -> int:
    parser = argparse.ArgumentParser(description="Classify the outcome of a run.")
    parser.add_argument("run", type=Path, help="folder with job_status.json and perhaps summary.json")
    options = parser.parse_args()
    status = read(options.run / "job_status.json")
    if status is None:
        print(f"{options.run} holds no job_status.json", file=sys.stderr)
        return 2
    print(json.dumps(dataclasses.asdict(classify(status, read(options.run / "summary.json"))), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
