"""progress.json: where the run is, for a status page that reads the state directory."""
from __future__ import annotations

import sys
import threading
import time

from .clock import utc_stamp
from .errors import HarnessFailure
from .outputs import Outputs

#: Writes of progress.json are uploads on a bucket mount; more often than this helps nobody.
MIN_SECONDS_BETWEEN_WRITES = 5.0
MAX_LINE_CHARACTERS = 300

#: Share of the whole run, in percent, at which each stage begins; from the timings of real runs.
STAGES = {
    "validate": 0,
    "prepare": 2,
    "start": 20,
    "probe": 50,
    "canary": 52,
    "warmup": 54,
    "timed": 60,
    "score": 80,
    "control": 90,
    "choices": 94,
    "evals": 96,
    "finish": 98,
    "done": 100,
}


class Progress:
    """Keeps {stage, percent, last_line} and prints every line, prefixed, to the Job's log."""

    def __init__(self, outputs: Outputs):
        self._outputs = outputs
        self._lock = threading.Lock()
        self._written_at = 0.0
        self.stage = "validate"
        self._fraction = 0.0
        self._last_line = ""

    def begin(self, stage: str) -> None:
        with self._lock:
            self.stage, self._fraction = stage, 0.0
        self.line(f"stage {stage}")
        self._write(force=True)

    def fraction(self, done: int, total: int) -> None:
        """How far the current stage is."""
        with self._lock:
            self._fraction = done / total if total else 1.0
        self._write()

    def line(self, text: str, source: str = "harness") -> None:
        print(f"[{source}] {text}", file=sys.stderr, flush=True)
        with self._lock:
            self._last_line = f"[{source}] {text}"[:MAX_LINE_CHARACTERS]
        self._write()

    def finish(self, status: str, message: str) -> None:
        with self._lock:
            self._last_line = message[:MAX_LINE_CHARACTERS]
            if status == "completed":
                self.stage, self._fraction = "done", 0.0
        self._write(force=True, status=status)

    def percent(self) -> int:
        names = list(STAGES)
        begin = STAGES[self.stage]
        following = names.index(self.stage) + 1
        end = STAGES[names[following]] if following < len(names) else begin
        return round(begin + (end - begin) * min(1.0, self._fraction))

    def _write(self, *, force: bool = False, status: str = "running") -> None:
        with self._lock:
            now = time.monotonic()
            if not force and now - self._written_at < MIN_SECONDS_BETWEEN_WRITES:
                return
            self._written_at = now
            document = {
                "schema_version": 1,
                "status": status,
                "stage": self.stage,
                "percent": self.percent(),
                "last_line": self._last_line,
                "updated_at": utc_stamp(),
            }
            try:
                self._outputs.write_json("progress.json", document)
            except HarnessFailure:
                pass  # Nobody's score depends on it; a state directory that is gone shows at the next real output.
