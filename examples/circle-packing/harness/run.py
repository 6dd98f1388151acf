#!/usr/bin/env python3
"""Checks one packing exactly: `run.py --submission-dir DIR --state-dir DIR`.

Reads circles.json of the submission and writes summary.json, packing.svg and outputs.json into the state
directory. Nothing of the submission is run. Exit status: 0 valid, 10 not valid, 12 a fault of the machine.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from outputs import Outputs  # noqa: E402
from packing import MAX_FILE_BYTES, Circle, PackingError, check_packing, read_circles, score_text  # noqa: E402
from picture import draw  # noqa: E402

VERSION = "1.1.0"
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
        print_result("failed", "machine_error", None)
        return INFRA


def run(submission: Path, outputs: Outputs) -> int:
    started_at = now()
    data, circles, failure, total = b"", None, None, None
    try:
        data = read_file(submission)
        circles = read_circles(data)
        total = check_packing(circles)
        outputs.write("packing.svg", draw(circles).encode())
    except PackingError as error:
        failure = {
            "kind": "submission_error",
            "reason_code": error.code,
            "message": str(error),
            "next_step": "Mend circles.json; task/validity.md has every rule, and the check runs the same on your machine.",
        }
    status = "failed" if failure else "completed"
    summary = {
        "schema_version": 1,
        "status": status,
        "failure": failure,
        # The check itself is the only gate, and failing it is a failed run.
        "gates": [],
        "gates_ok": failure is None,
        "provenance": {
            "harness_version": VERSION,
            "harness_sha256": harness_sha256(),
            "submission": {"sha256": sha256(data), "runtime_sha256": packing_sha256(data, circles)} if data else None,
            "job_id": os.environ.get("JOB_ID"),
            "started_at": started_at,
            "finished_at": now(),
        },
    }
    if total is not None:
        summary["sum_radii"] = float(score_text(total))
        summary["score"] = {"sum_radii": score_text(total), "exact": f"{total.numerator}/{total.denominator}"}
    written = outputs.write_json("summary.json", summary)
    line = failure["message"] if failure else f"sum of radii {score_text(total)}"
    outputs.write_json("progress.json", {"schema_version": 1, "status": status, "stage": "done", "percent": 100, "last_line": line})
    outputs.finish(status)
    print(f"[harness] {line}", flush=True)
    print_result(status, failure["reason_code"] if failure else None, sha256(written))
    return INVALID if failure else 0


def print_result(status: str, reason_code: str | None, summary_sha256: str | None) -> None:
    """The last line of the Job's log: what the summary was, whatever becomes of the file in a participant's bucket."""
    print(f"harness-result: {json.dumps({'status': status, 'reason_code': reason_code, 'summary_sha256': summary_sha256})}", flush=True)


def read_file(submission: Path) -> bytes:
    """circles.json, or a bit more than the limit of it: enough for the check to refuse it."""
    path = submission / FILE
    if path.is_symlink() or not path.is_file():
        raise PackingError("bad_file", f"There is no file {FILE} at the top of the submission.")
    with path.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES + 1)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def packing_sha256(data: bytes, circles: list[Circle] | None) -> str:
    """Equal for the same circles, whatever their order and however the numbers are written: a copy is no new result."""
    if circles is None:
        return sha256(data)
    return sha256("\n".join(sorted(f"{circle.x} {circle.y} {circle.r}" for circle in circles)).encode())


def harness_sha256() -> str:
    """One hash for the code of the harness: the lines `{sha256}  {name}\\n`, sorted by name."""
    folder = Path(__file__).resolve().parent
    lines = (f"{sha256(path.read_bytes())}  {path.name}\n" for path in sorted(folder.glob("*.py")))
    return sha256("".join(lines).encode())


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
