"""Time: stamps in UTC, and a deadline that every wait of the run shares."""
from __future__ import annotations

import time
from datetime import datetime, timezone

from .errors import HarnessFailure


def utc_stamp() -> str:
    """Now, as `2026-01-02T03:04:05.678Z`."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Deadline:
    """The end of the whole run. Monotonic seconds."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        return self._end - time.monotonic()

    def check(self) -> None:
        if self.left() <= 0:
            raise HarnessFailure("run_timeout", f"The run took longer than {self.seconds:g} seconds.")

    def at_most(self, seconds: float) -> float:
        """`seconds`, or what is left of the run if that is less; raises run_timeout when nothing is."""
        self.check()
        return min(seconds, self.left())
