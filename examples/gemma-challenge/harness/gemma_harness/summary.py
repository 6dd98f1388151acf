"""summary.json: one score block, the gates, and everything that explains them apart from it."""
from __future__ import annotations

import os
import platform
import subprocess
from functools import cache

from . import VERSION
from .errors import HarnessFailure
from .hashing import tree_sha256
from .identity import DIVERGENT
from .run_state import Run
from .settings import HARNESS_DIR, Settings

#: Fields of the score block, which are repeated at the top for readers that look for them there.
SCORE_FIELDS = ("tps", "ppl")
#: Stages that measure nothing.
SETUP_STAGES = ("validate", "prepare", "start")


def build_summary(run: Run, started_at: str, finished_at: str, failure: HarnessFailure | None) -> dict:
    summary = {
        **base_summary(run.settings, started_at, finished_at, failure),
        "isolation": run.isolation,
        "gates": run.gates.results,
        "diagnostics": {**run.diagnostics, **_durations(run.seconds)},
    }
    if run.evals is not None:
        summary["evals"] = run.evals
    summary["provenance"].update(_run_provenance(run))
    if failure is None:
        summary["score"] = {field: run.score[field] for field in SCORE_FIELDS}
        summary["gates_ok"] = run.gates.ok
        summary.update(summary["score"])
        identity = run.diagnostics["identity"]["verdict"]
        if identity != DIVERGENT:
            # A track asks for the presence of this field, so a divergent run does not carry it.
            summary["identity"] = identity
        summary.update(run.accuracy)
        summary.update(run.eval_fields)
    elif run.timed:
        tokens = sum(len(record.token_ids) for record in run.timed)
        summary["diagnostics"]["partial"] = {
            "completed": len(run.timed),
            "of": len(run.data.prompts),
            "output_tokens": tokens,
            "busy_s": sum(record.seconds for record in run.timed),
        }
    if failure is not None and run.settings.is_private:
        # The verdict may be announced in public; what a server printed stays in server.log.
        summary["failure"]["details"].pop("last_lines", None)
        summary["failure"]["details"].pop("answer", None)
    return summary


def _durations(seconds: dict[str, float]) -> dict:
    """Time of each stage, and what of it was getting ready rather than measuring."""
    setup = sum(seconds.get(stage, 0.0) for stage in SETUP_STAGES)
    measuring = sum(seconds.values()) - setup
    return {"stage_seconds": seconds, "setup_seconds": round(setup, 3), "measuring_seconds": round(measuring, 3)}


def base_summary(settings: Settings, started_at: str, finished_at: str, failure: HarnessFailure | None) -> dict:
    """What can be said even of a run that never began."""
    return {
        "schema_version": 1,
        "status": "completed" if failure is None else "failed",
        "profile": settings.profile.name,
        "private": settings.is_private,
        "failure": failure and describe_failure(failure),
        "provenance": {
            "harness_version": VERSION,
            "harness_sha256": harness_sha256(),
            "started_at": started_at,
            "finished_at": finished_at,
            "job_id": os.environ.get("JOB_ID"),
            "python": platform.python_version(),
            "machine": platform.platform(),
            "cpus": os.cpu_count(),
            "gpus": _gpus(),
        },
    }


def describe_failure(failure: HarnessFailure) -> dict:
    return {
        "kind": failure.kind,
        "reason_code": failure.code,
        "message": failure.message,
        "next_step": failure.next_step,
        "details": dict(failure.details),
    }


def _run_provenance(run: Run) -> dict:
    known: dict = {"seed": run.seed, "limits": vars(run.limits), "profile": vars(run.profile)}
    if run.data is not None:
        known["data_sha256"] = run.data.sha256
    if run.snapshot is not None:
        known["submission"] = {
            "sha256": run.snapshot.sha256,
            "runtime_sha256": run.snapshot.runtime_sha256,
            "bytes": run.snapshot.total_bytes,
            "files": {path: sha256 for path, (_, sha256) in run.snapshot.files.items()},
        }
    if run.manifest is not None:
        known["model"] = {"id": run.manifest.model_id, "revision": run.manifest.model_revision}
        known["dependencies"] = run.manifest.dependencies
        known["lock"] = run.manifest.lock
    return known


@cache
def harness_sha256() -> str:
    """The harness's code and settings, without its data: that has a hash of its own."""
    return tree_sha256(HARNESS_DIR, skip=("data",))


@cache
def _gpus() -> list[str]:
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()] if done.returncode == 0 else []
