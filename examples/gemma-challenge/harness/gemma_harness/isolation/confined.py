"""Starting participants' programs: the server, its prepare command, its installs."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping, Sequence

from ..errors import HarnessFailure
from . import kernel

LAUNCHER = Path(__file__).resolve().parent / "launcher.py"
#: A number that no account of common images uses; it needs no entry in /etc/passwd.
SERVER_UID = 61_250
#: The only variables of the Job that reach a participant's program. Nothing secret is among them.
PASSED_ON = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "LD_LIBRARY_PATH",
    "CUDA_HOME",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


@dataclass
class Confinement:
    """How participants' programs run on this machine, and what that enforces."""

    #: None: the same user as the harness.
    uid: int | None
    #: Directories out of their sight.
    hide: list[Path]
    #: The Python they get.
    python: str
    #: Parts of the isolation without which nothing of a participant is started.
    require: tuple[str, ...] = ()
    report: dict = field(default_factory=dict)

    def environment(self, home: Path, extra: Mapping[str, str]) -> dict[str, str]:
        """A fresh environment: never the Job's own, which may hold a token."""
        env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        env.update(
            HOME=str(home),
            TMPDIR=str(home / "tmp"),
            HF_HOME=str(home / "hf"),
            USER="server",
            LOGNAME="server",
            PYTHONDONTWRITEBYTECODE="1",
            PYTHONUNBUFFERED="1",
        )
        return {**env, **extra}

    def start(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> tuple[subprocess.Popen, dict]:
        """Starts `argv` in a process group of its own, its output in one pipe. Returns it and what was enforced."""
        reader, writer = os.pipe()
        order = {
            "argv": list(argv),
            "cwd": str(cwd),
            "env": dict(env),
            "uid": self.uid,
            "gid": self.uid,
            "hide": [str(path) for path in self.hide],
            "require_files": "files" in self.require,
            "report_fd": writer,
        }
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(LAUNCHER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            pass_fds=(writer,),
            start_new_session=True,
        )
        os.close(writer)
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode())
        process.stdin.close()
        with os.fdopen(reader, "rb") as stream:
            text = stream.read()
        report = json.loads(text) if text else {}
        self.report.update(report)
        try:
            self.check_required("user", "files")
        except HarnessFailure:
            process.kill()
            process.wait()
            raise
        return process, report

    def check_required(self, *parts: str) -> None:
        """Raises isolation_unavailable when one of `parts` is required and not enforced."""
        missing = [part for part in parts if part in self.require and not self.report.get(part, {}).get("enforced")]
        if missing:
            reasons = "; ".join(f"{part}: {self.report.get(part, {}).get('why', 'not tried')}" for part in missing)
            raise HarnessFailure("isolation_unavailable", f"Required and not enforced: {reasons}.")


def choose_confinement(hide: list[Path], work: Path, require: tuple[str, ...]) -> Confinement:
    """Another user when the harness is root and that user can run a Python and reach the work directory."""
    confinement = Confinement(uid=None, hide=hide, python=sys.executable, require=require)
    confinement.report["user"] = {"enforced": False, "why": "the harness does not run as root"}
    if os.name != "posix" or os.geteuid() != 0 or not kernel.IS_LINUX:
        return confinement
    for python in dict.fromkeys(filter(None, (sys.executable, shutil.which("python3"), "/usr/local/bin/python3", "/usr/bin/python3"))):
        if _works_as(SERVER_UID, python, work):
            confinement.uid, confinement.python = SERVER_UID, python
            confinement.report["user"] = {"enforced": True, "by": f"uid {SERVER_UID}"}
            return confinement
    confinement.report["user"]["why"] = f"no Python that uid {SERVER_UID} can run in {work}"
    return confinement


def _works_as(uid: int, python: str, work: Path) -> bool:
    try:
        done = subprocess.run(
            [python, "-I", "-c", f"import os, ssl; os.listdir({str(work)!r})"],
            user=uid,
            group=uid,
            extra_groups=[],
            env={"PATH": os.environ.get("PATH", os.defpath)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=20,
        )
        return done.returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
