"""Starts the server and waits until it is ready, telling silence, errors and an exit apart."""
from __future__ import annotations

import socket
import time

from ..client import ANSWERED, Client
from ..clock import utc_stamp
from ..errors import HarnessFailure
from ..run_state import Run
from ..server_process import ServerProcess, adopt_orphans
from ..shapes import MODELS
from .prepare import resolve_command

HOST = "127.0.0.1"
_LOADING = 503


def start(run: Run) -> None:
    manifest = run.manifest
    port = free_port()
    run.base_url = f"http://{HOST}:{port}"
    given = {
        **manifest.env,
        "MODEL_ID": run.model_path,
        "SERVED_MODEL_NAME": manifest.served_model_name,
        "HOST": HOST,
        "PORT": str(port),
        "HF_HUB_OFFLINE": "1",
    }
    adopt_orphans()
    argv = resolve_command(run, manifest.serve)
    # Verification runs keep quiet: a server could print the private prompts into a log that others read.
    show = (lambda line: None) if run.settings.is_private else (lambda line: run.progress.line(line, "server"))
    env = run.confinement.environment(run.home(), given)
    run.server = ServerProcess(run.confinement, argv, run.snapshot.root, env, show)
    run.client = Client(HOST, port)
    begin = time.monotonic()
    wait_until_ready(run)
    run.outputs.write_json(
        "server.json",
        {
            "base_url": run.base_url,
            "port": port,
            "served_model_name": manifest.served_model_name,
            "ready_at": utc_stamp(),
            "startup_s": round(time.monotonic() - begin, 3),
        },
    )


def wait_until_ready(run: Run) -> None:
    profile, server = run.profile, run.server
    end = time.monotonic() + run.deadline.at_most(profile.startup_s)
    errors_since: float | None = None
    last = None
    while True:
        if server.exit_code is not None:
            raise server.exit_failure("starting")
        answer = run.client.get(MODELS, min(5.0, max(0.1, end - time.monotonic())))
        if answer.ok:
            return
        now = time.monotonic()
        if answer.outcome == ANSWERED:
            last = answer
            # 503 is how servers say "still loading"; anything else is an error that rarely heals.
            if answer.status == _LOADING:
                errors_since = None
            elif errors_since is None:
                errors_since = now
            elif now - errors_since > profile.error_grace_s:
                message = f"GET {MODELS} answers HTTP {answer.status}: {answer.excerpt(200)}"
                raise HarnessFailure("server_answers_errors", message, _details(run, answer.status))
        if now > end:
            run.deadline.check()
            if last is None:
                message = f"Nothing answered on the given port in {profile.startup_s:g} s."
                raise HarnessFailure("server_silent", message, _details(run, None))
            message = f"GET {MODELS} still answers HTTP {last.status} after {profile.startup_s:g} s."
            raise HarnessFailure("startup_timeout", message, _details(run, last.status))
        time.sleep(profile.poll_s)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _details(run: Run, status: int | None) -> dict:
    return {"status": status, "last_lines": run.server.log.last_lines()}
