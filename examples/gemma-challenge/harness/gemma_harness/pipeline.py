"""The stages in order, and what becomes of a failure in any of them."""
from __future__ import annotations

import errno
import time
import traceback
from typing import Callable

from .clock import utc_stamp
from .errors import HarnessFailure
from .gates import load_limits
from .outputs import Outputs
from .run_state import Run, new_run, remove_work
from .settings import Settings
from .stages.canary import canary
from .stages.choices import ask_choices
from .stages.control import control
from .stages.evals import run_evals
from .stages.prepare import prepare
from .stages.probe import probe
from .stages.score import score_pass
from .stages.start import start
from .stages.timed import timed_pass
from .stages.validate import validate
from .stages.warmup import warm_up
from .summary import base_summary, build_summary

STAGES: tuple[tuple[str, Callable[[Run], None]], ...] = (
    ("validate", validate),
    ("prepare", prepare),
    ("start", start),
    ("probe", probe),
    ("canary", canary),
    ("warmup", warm_up),
    ("timed", timed_pass),
    ("score", score_pass),
    ("control", control),
    ("choices", ask_choices),
    ("evals", run_evals),
)


def execute(settings: Settings) -> HarnessFailure | None:
    """Runs everything and writes the outputs. Returns the failure, or None for a completed run."""
    started_at = utc_stamp()
    outputs = Outputs(settings.state_dir)
    try:
        run = new_run(settings, outputs, load_limits(settings.profile.name))
    except (HarnessFailure, OSError) as error:
        failure = as_failure(error)
        outputs.write_json("summary.json", base_summary(settings, started_at, utc_stamp(), failure))
        outputs.finish("failed", utc_stamp())
        return failure
    try:
        failure = _run_stages(run)
        _stop(run)
        failure = _finish(run, started_at, failure)
        return failure
    finally:
        remove_work(run)


def _run_stages(run: Run) -> HarnessFailure | None:
    for name, stage in STAGES:
        begin = time.monotonic()
        try:
            run.progress.begin(name)
            run.deadline.check()
            stage(run)
        except BaseException as error:
            return _in_stage(as_failure(error), name)
        finally:
            run.seconds[name] = round(time.monotonic() - begin, 3)
    return None


def _stop(run: Run) -> None:
    if run.client is not None:
        run.client.close()
    if run.server is not None:
        run.server.stop(run.profile.stop_s)


def _finish(run: Run, started_at: str, failure: HarnessFailure | None) -> HarnessFailure | None:
    """Writes the outputs, outputs.json last; a lost file turns a completed run into a failed one."""
    if run.server is not None:
        run.outputs.write_bytes("server.log", run.server.log.text().encode("utf-8", "replace"))
    status = "completed" if failure is None else "failed"
    run.outputs.write_json("summary.json", build_summary(run, started_at, utc_stamp(), failure))
    run.outputs.finish(status, utc_stamp())
    run.progress.finish(status, str(failure) if failure else _headline(run))
    return failure


def _headline(run: Run) -> str:
    failed = [result["reason_code"] for result in run.gates.results if not result["ok"]]
    numbers = ", ".join(f"{field} {value:.4f}" for field, value in run.score.items())
    return f"completed: {numbers}; gates: {', '.join(failed) if failed else 'all passed'}"


def as_failure(error: BaseException) -> HarnessFailure:
    """Anything that ended a run, as a typed failure; the unexpected counts against the harness."""
    if isinstance(error, HarnessFailure):
        return error
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return HarnessFailure("terminated", "The run was stopped from outside.")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return HarnessFailure("disk_full", str(error))
    lines = traceback.format_exception(error)
    return HarnessFailure("harness_bug", f"{type(error).__name__}: {error}", {"traceback": "".join(lines)[-4000:]})


def _in_stage(failure: HarnessFailure, stage: str) -> HarnessFailure:
    failure.details.setdefault("stage", stage)
    return failure
