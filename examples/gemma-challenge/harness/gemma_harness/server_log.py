"""What a server prints: the beginning and the end are kept, however much there is."""
from __future__ import annotations

import re
import threading
from collections import deque

TAIL_LINES = 30
MAX_HEAD_BYTES = 512 * 1024
MAX_TAIL_LINES = 2_000
MAX_LINE_CHARACTERS = 2_000

#: Printed by healthy servers too; as last words they only mislead.
_HARMLESS = re.compile(r"tokenizer not found|PyTorch was not found|TensorFlow was not found", re.IGNORECASE)
_OUT_OF_MEMORY = re.compile(r"out of memory|OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY|std::bad_alloc", re.IGNORECASE)


def mentions_out_of_memory(text: str) -> bool:
    return _OUT_OF_MEMORY.search(text) is not None


class ServerLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._head: list[str] = []
        self._head_bytes = 0
        self._tail: deque[str] = deque(maxlen=MAX_TAIL_LINES)
        self._dropped = 0

    def add(self, line: str) -> None:
        line = line[:MAX_LINE_CHARACTERS]
        with self._lock:
            if self._head_bytes < MAX_HEAD_BYTES:
                self._head.append(line)
                self._head_bytes += len(line) + 1
                return
            if len(self._tail) == self._tail.maxlen:
                self._dropped += 1
            self._tail.append(line)

    def last_lines(self, count: int = TAIL_LINES) -> list[str]:
        """The last lines that say something."""
        with self._lock:
            lines = [line for line in [*self._head[-4 * count :], *self._tail] if not _HARMLESS.search(line)]
        return lines[-count:]

    def text(self) -> str:
        with self._lock:
            gap = [f"… {self._dropped} lines left out …"] if self._dropped else []
            lines = [*self._head, *gap, *self._tail]
        return "".join(f"{line}\n" for line in lines)
