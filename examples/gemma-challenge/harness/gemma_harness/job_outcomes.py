"""What became of a Job, from the files in its run folder: whose fault, may it be retried, is it complete.

The API decides the same way by itself; this is for people with a folder of old runs, and one table tests both.

Reads both this harness's summary.json and the older shape without `status` (a flat object with tps and ppl).
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import EXIT_CODES, INFRA_ERROR, REASONS, SUBMISSION_ERROR, TIMEOUT

COMPLETED = "completed"
RUNNING = "running"
CANCELED = "canceled"

_EXIT_CODE = re.compile(r"exit code: (\d+)")
_KIND_OF_EXIT = {code: kind for kind, code in EXIT_CODES.items()}

#: Messages of the platform itself; nothing in a submission can cause them.
_INFRA_MESSAGES = (
    ("image_pull", re.compile(r"image specification error|ErrImagePull|ImagePullBackOff|Back-off pulling image", re.I)),
    ("volume_mount", re.compile(r"volume mount failed|init container exhausted retries", re.I)),
    ("machine_lost", re.compile(r"node (was )?(lost|terminated)|evicted|preempted", re.I)),
)


@dataclass(frozen=True)
class Outcome:
    #: completed, submission_error, infra_error, timeout, canceled or running
    kind: str
    reason_code: str
    #: Does the run count against a quota?
    charged: bool
    #: Is it worth starting once more by itself?
    retry: bool


def classify(status: dict, summary: dict | None, required: tuple[str, ...] = ("tps", "ppl")) -> Outcome:
    """The outcome for a `job_status.json` and, where one exists, a `summary.json`."""
    word, stage = status.get("status"), status.get("stage")
    message = str(status.get("message") or "")
    if word == "running":
        return Outcome(RUNNING, "running", charged=True, retry=False)
    if word in ("canceled", "deleted"):
        return Outcome(CANCELED, str(word), charged=True, retry=False)
    for code, pattern in _INFRA_MESSAGES:
        if word == "error" and pattern.search(message):
            return _infra(code)
    if word == "timed_out" and stage == "SCHEDULING":
        return _infra("never_scheduled")
    if word == "timed_out":
        return Outcome(TIMEOUT, "run_timeout", charged=True, retry=False)
    if word == "error":
        return _failed(message, summary)
    if summary is None or any(not _is_number(summary.get(field)) for field in required):
        # The stages ended, the files did not arrive: a lost write of the mount.
        return _infra("outputs_missing")
    return Outcome(COMPLETED, "completed", charged=True, retry=False)


def _failed(message: str, summary: dict | None) -> Outcome:
    """The kind is the exit status, which only the harness can set; the summary may only add a fitting reason.

    A run folder lies in the participant's own bucket: a summary alone must not be able to claim a refund.
    """
    match = _EXIT_CODE.search(message)
    kind = _KIND_OF_EXIT.get(int(match.group(1)), SUBMISSION_ERROR) if match else SUBMISSION_ERROR
    failure = summary.get("failure") if summary else None
    code = failure.get("reason_code") if isinstance(failure, dict) else None
    if code not in REASONS or REASONS[code][0] != kind:
        code = "unknown"
    if kind == INFRA_ERROR:
        return _infra(code)
    return Outcome(kind, code, charged=True, retry=False)


def _infra(code: str) -> Outcome:
    return Outcome(INFRA_ERROR, code, charged=False, retry=True)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
