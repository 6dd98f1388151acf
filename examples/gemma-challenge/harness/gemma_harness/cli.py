"""From the command line to an exit status."""
from __future__ import annotations

import json
import signal
import sys

from .errors import EXIT_CODES, HarnessFailure
from .hashing import file_sha256
from .pipeline import execute
from .settings import Settings, parse_settings


def main(argv: list[str]) -> int:
    settings = parse_settings(argv)
    # A canceled Job gets SIGTERM: stop the server and leave a summary instead of dying halfway.
    signal.signal(signal.SIGTERM, _raise_exit)
    try:
        failure = execute(settings)
    except HarnessFailure as error:
        failure = error
    print_result(settings, failure)
    if failure is None:
        return 0
    print(f"[harness] {failure.kind}: {failure}\n[harness] next: {failure.next_step}", file=sys.stderr)
    return EXIT_CODES[failure.kind]


def print_result(settings: Settings, failure: HarnessFailure | None) -> None:
    """The last line on stdout, which only the harness writes to: the run's own word on what the outputs are.

    The state directory may lie in the participant's bucket; with this line in the Job's log, a summary that was
    changed afterwards does not fit.
    """
    summary = settings.state_dir / "summary.json"
    result = {
        "status": "completed" if failure is None else "failed",
        "reason_code": failure.code if failure else None,
        "summary_sha256": file_sha256(summary) if summary.is_file() else None,
    }
    print(f"harness-result: {json.dumps(result)}", flush=True)


def _raise_exit(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)
