"""The participant's server as a process: started, watched, diagnosed and stopped."""
from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Mapping, Sequence

from .client import ANSWERED, TIMED_OUT, Answer
from .errors import HarnessFailure
from .isolation import kernel
from .isolation.confined import Confinement
from .server_log import ServerLog, mentions_out_of_memory

#: A server whose engine died answers 5xx or drops the connection a moment before it exits.
_EXIT_GRACE_S = 0.5


class ServerProcess:
    def __init__(
        self,
        confinement: Confinement,
        argv: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        on_line: Callable[[str], None],
    ):
        self.log = ServerLog()
        self._on_line = on_line
        self._process, self.enforced = confinement.start(argv, cwd, env)
        self._pump = threading.Thread(target=self._read_output, daemon=True)
        self._pump.start()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        try:
            return self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None

    def failure(self, answer: Answer, doing: str) -> HarnessFailure:
        """The typed failure for an answer that is not a success; `doing` completes "while …"."""
        self.wait(_EXIT_GRACE_S)
        if self.exit_code is not None:
            return self.exit_failure(doing)
        details = {"status": answer.status or None, "answer": answer.excerpt() or answer.error}
        if answer.outcome == TIMED_OUT:
            return self._failed("request_timeout", f"No complete answer while {doing}: {answer.error}.", details)
        if answer.outcome != ANSWERED:
            return self._failed("server_error", f"The connection broke while {doing}: {answer.error}.", details)
        if answer.status < 500:
            message = f"HTTP {answer.status} while {doing}: {answer.excerpt(200)}"
            return self._failed("request_refused", message, details)
        if mentions_out_of_memory(answer.excerpt(2000)) or self._log_says_out_of_memory():
            return self._failed("out_of_memory", f"The server ran out of memory while {doing}.", details)
        return self._failed("server_error", f"HTTP {answer.status} while {doing}: {answer.excerpt(200)}", details)

    def exit_failure(self, doing: str) -> HarnessFailure:
        self._pump.join(timeout=1)
        code = self.exit_code
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        memory = code == -signal.SIGKILL or code == 137 or self._log_says_out_of_memory()
        reason = "out_of_memory" if memory else "server_exited"
        return self._failed(reason, f"The server ended with {how} while {doing}.", {"exit_code": code})

    def _failed(self, code: str, message: str, details: dict) -> HarnessFailure:
        return HarnessFailure(code, message, {**details, "last_lines": self.log.last_lines()})

    def _log_says_out_of_memory(self) -> bool:
        return any(mentions_out_of_memory(line) for line in self.log.last_lines())

    def stop(self, seconds: float) -> None:
        """SIGTERM to its group, SIGKILL after `seconds`, and then whatever it left behind."""
        self._signal(signal.SIGTERM)
        if self.wait(seconds) is None:
            self._signal(signal.SIGKILL)
            self.wait(5)
        self._signal(signal.SIGKILL)
        kill_orphans()
        self._pump.join(timeout=2)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for raw in iter(lambda: stream.readline(64 * 1024), b""):
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                self.log.add(line)
                self._on_line(line)


def adopt_orphans() -> None:
    """Makes processes that a server leaves behind children of the harness, so that they can be found."""
    if kernel.IS_LINUX:
        try:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER)
        except OSError:
            pass


def kill_orphans() -> None:
    """Kills the children of this process, and theirs as they come up, until none is left."""
    end = time.monotonic() + 5
    while children := _children():
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
            except (ProcessLookupError, ChildProcessError, PermissionError):
                pass
        if time.monotonic() > end:
            return
        time.sleep(0.02)


def _children() -> list[int]:
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    own, found = os.getpid(), []
    for name in names:
        try:
            # The command's name is in parentheses and may hold anything; what follows it is regular.
            fields = Path(f"/proc/{name}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == own and fields[0] != "Z":
            found.append(int(name))
        elif int(fields[1]) == own:
            _reap(int(name))
    return found


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
