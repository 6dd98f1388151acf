"""A small HTTP client for one server on this machine: whole-request deadlines, bounded answers, typed outcomes."""
from __future__ import annotations

import http.client
import json
import select
import socket
import time
from dataclasses import dataclass
from typing import Any

#: prompt_logprobs of the longest record is below 1 MB; a server that sends this much is broken.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
_READ_BYTES = 64 * 1024

ANSWERED = "answered"
NO_ANSWER = "no_answer"
TIMED_OUT = "timed_out"


@dataclass(frozen=True)
class Answer:
    """What came back. `outcome` is answered (then `status` and `body` are set), no_answer or timed_out."""

    outcome: str
    status: int = 0
    body: bytes = b""
    error: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.outcome == ANSWERED and 200 <= self.status < 300

    def excerpt(self, length: int = 300) -> str:
        text = self.body[: length * 4].decode("utf-8", "replace").strip()
        return text if len(text) <= length else f"{text[:length]}…"

    def json(self) -> Any:
        """The body; raises ValueError when it is not JSON."""
        return json.loads(self.body)


def encode(body: dict) -> bytes:
    """The bytes of a request: made before the clock starts, and equal for equal requests."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")


class Client:
    """Keeps one connection open, as a single user would."""

    def __init__(self, host: str, port: int):
        self._host, self._port = host, port
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, seconds: float) -> Answer:
        return self._exchange("GET", path, None, seconds)

    def post(self, path: str, body: bytes, seconds: float) -> Answer:
        return self._exchange("POST", path, body, seconds)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, method: str, path: str, body: bytes | None, seconds: float) -> Answer:
        begin = time.perf_counter()
        end = begin + seconds
        try:
            connection = self._connected(seconds)
            self._limit(end)
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            parts, size = [], 0
            while block := self._read(response, end):
                parts.append(block)
                size += len(block)
                if size > MAX_RESPONSE_BYTES:
                    raise http.client.HTTPException(f"the answer is larger than {MAX_RESPONSE_BYTES} bytes")
            finished = time.perf_counter()
            # Frees the connection for the next request; reading to the end does not always.
            response.close()
            if response.will_close:
                self.close()
            return Answer(ANSWERED, response.status, b"".join(parts), seconds=finished - begin)
        except (TimeoutError, socket.timeout):
            self.close()
            return Answer(TIMED_OUT, error=f"no complete answer in {seconds:.1f} s", seconds=time.perf_counter() - begin)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            reason = str(error) or type(error).__name__
            return Answer(NO_ANSWER, error=reason, seconds=time.perf_counter() - begin)

    def _connected(self, seconds: float) -> http.client.HTTPConnection:
        """The open connection, or a new one where the server has closed it while it was idle."""
        if self._connection is not None and _has_ended(self._connection.sock):
            self.close()
        if self._connection is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=seconds)
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = connection
        return self._connection

    def _read(self, response: http.client.HTTPResponse, end: float) -> bytes:
        self._limit(end)
        return response.read1(_READ_BYTES)

    def _limit(self, end: float) -> None:
        left = end - time.perf_counter()
        if left <= 0:
            raise TimeoutError
        if self._connection is not None and self._connection.sock is not None:
            self._connection.sock.settimeout(left)


def _has_ended(connection: socket.socket | None) -> bool:
    """An idle connection with something to read has been closed, or is out of step: either way, done with."""
    if connection is None:
        return True
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)
