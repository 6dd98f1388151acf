"""From the command line to an exit status."""
from __future__ import annotations

import signal
import sys

from .errors import EXIT_CODES, HarnessFailure
from .pipeline import execute
from .settings import parse_settings


def main(argv: list[str]) -> int:
    settings = parse_settings(argv)
    # A canceled Job gets SIGTERM: stop the server and leave a summary instead of dying halfway.
    signal.signal(signal.SIGTERM, _raise_exit)
    try:
        failure = execute(settings)
    except HarnessFailure as error:
        failure = error
    if failure is None:
        return 0
    print(f"[harness] {failure.kind}: {failure}\n[harness] next: {failure.next_step}", file=sys.stderr)
    return EXIT_CODES[failure.kind]


def _raise_exit(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)
