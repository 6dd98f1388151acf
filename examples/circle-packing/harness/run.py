#!/usr/bin/env python3
"""Checks one packing exactly: `run.py --submission-dir DIR --state-dir DIR`.

Reads circles.json of the submission and writes summary.json, packing.svg and outputs.json into the state
directory. Nothing of the submission is run. Exit status: 0 valid, 10 not valid, 12 a fault of the machine.
"""
from __future__ import annotations

import argparse
import hashlib
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from outputs import Outputs  # noqa: E402
from packing import MAX_FILE_BYTES, PackingError, check_packing, read_circles, score_text  # noqa: E402
from picture import draw  # noqa: E402

VERSION = "1.0.0"
FILE = "circles.json"
INVALID, INFRA = 10, 12


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Check a circle packing exactly.")
    parser.add_argument("--submission-dir", type=Path, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    # The check needs no private data and has one size: both are accepted because every collab's Jobs pass them.
    parser.add_argument("--private-dir", type=Path, help="ignored: there is nothing private to measure")
    parser.add_argument("--profile", action="append", help="ignored: there is only one size of run")
    options = parser.parse_args(argv)
    try:
        return run(options.submission_dir, Outputs(options.state_dir))
    except OSError as error:
        print(f"[harness] infra_error: {error}", file=sys.stderr)
        return INFRA


def run(submission: Path, outputs: Outputs) -> int:
    started_at = now()
    data, failure, total = b"", None, None
    try:
        data = read_file(submission)
        circles = read_circles(data)
        total = check_packing(circles)
        outputs.write("packing.svg", draw(circles).encode())
    except PackingError as error:
        failure = {"kind": "submission_error", "reason_code": error.code, "message": str(error)}
    status = "failed" if failure else "completed"
    summary = {
        "schema_version": 1,
        "status": status,
        "failure": failure,
        "provenance": {
            "harness_version": VERSION,
            "submission_sha256": hashlib.sha256(data).hexdigest() if data else None,
            "job_id": os.environ.get("JOB_ID"),
            "started_at": started_at,
            "finished_at": now(),
        },
    }
    if total is not None:
        summary["sum_radii"] = float(score_text(total))
        summary["score"] = {"sum_radii": score_text(total), "exact": f"{total.numerator}/{total.denominator}"}
    outputs.write_json("summary.json", summary)
    outputs.finish(status)
    print(f"[harness] {failure['message'] if failure else 'sum of radii ' + score_text(total)}", flush=True)
    return INVALID if failure else 0


def read_file(submission: Path) -> bytes:
    """circles.json, or a bit more than the limit of it: enough for the check to refuse it."""
    path = submission / FILE
    if path.is_symlink() or not path.is_file():
        raise PackingError("bad_file", f"There is no file {FILE} at the top of the submission.")
    with path.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES + 1)


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
