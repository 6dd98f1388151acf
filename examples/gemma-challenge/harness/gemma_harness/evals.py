"""MMLU-Pro and GPQA-Diamond with reasoning, by inspect-ai: an hour for the leaders, off unless it is asked for.

The short multiple-choice questions of every run notice a model that lost what it knew. These sets notice one that
reasons worse. The tool is a program of its own in an environment of its own; nothing of it is imported here, and a run
without it says so and keeps its score.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Callable

from .inspect_log import InspectLog, LogError, Sample, read_log
from .proportions import chance_of_loss, standard_error, visible_difference, wilson

EVALS_DIR = Path(__file__).resolve().parent.parent / "evals"
TASKS = EVALS_DIR / "tasks.py"
LOCK = EVALS_DIR / "requirements.lock"
#: Question set → the prefix of its fields at the top of a summary.
SETS = {"mmlu_pro": "mmlu_pro", "gpqa_diamond": "gpqa"}
#: In the folder of the question sets: `eval_results.jsonl` of a run of the unmodified model.
REFERENCE = "reference_results.jsonl"


@dataclass(frozen=True)
class Decoding:
    """The model's recommended sampling; greedy answers of a reasoning model fall into loops."""

    temperature: float = 1.0
    top_k: int = 64
    top_p: float = 0.95
    epochs: int = 1
    #: Requests at a time: this is about answers, not about speed.
    connections: int = 16
    #: With the longest question within the 4,096 tokens that a server has to take.
    max_tokens: int = 3072


#: Questions that may stay without a score, as a share; they count as wrong. With more of them a set has no result.
MAX_MISSING = 0.05


class EvalProblem(Exception):
    """Why a set has no result: a stable code, and a sentence with what to do."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Item:
    id: str
    answer: str


@dataclass
class Result:
    """What became of one question set."""

    task: str
    status: str = "completed"
    reason_code: str | None = None
    message: str | None = None
    items: int = 0
    samples: list[Sample] = field(default_factory=list)
    scorer: str | None = None
    version: str | None = None
    log: bytes | None = None


@dataclass(frozen=True)
class Target:
    """The server that is asked."""

    base_url: str
    model: str


def find_inspect(environment: Path) -> str | None:
    """The tool: that of `environment`, or one that the image brings along."""
    own = environment / "bin" / "inspect"
    return str(own) if own.is_file() else shutil.which("inspect")


def read_items(folder: Path, task: str) -> list[Item]:
    """The questions of one set: ids and right answers. Raises EvalProblem."""
    path = folder / f"{task}.jsonl"
    items, number = [], 1
    try:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            row = json.loads(line)
            plain = all(isinstance(row[key], str) and row[key] for key in ("id", "question", "answer"))
            if not plain or not isinstance(row["options"], list) or not row["options"]:
                raise ValueError("needs id, question, options and answer")
            items.append(Item(row["id"], row["answer"]))
    except FileNotFoundError:
        raise EvalProblem("data_missing", f"There is no {task}.jsonl in {folder.name}/: make it with the data.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvalProblem("data_invalid", f"{path.name}, line {number}: {error}") from error
    if not items or len({item.id for item in items}) != len(items):
        raise EvalProblem("data_invalid", f"{path.name} is empty or holds an id twice.")
    return items


def run_sets(
    tasks: list[str],
    folder: Path,
    target: Target,
    environment: Path,
    work: Path,
    seconds: float,
    say: Callable[[str], None],
    decoding: Decoding = Decoding(),
) -> list[Result]:
    """Asks every set, one after the other, within `seconds` altogether. A problem of one is in its result."""
    end = time.monotonic() + seconds
    results = []
    for task in tasks:
        try:
            items = read_items(folder, task)
            say(f"{task}: {len(items)} questions")
            left = end - time.monotonic()
            results.append(run_set(task, items, folder, target, environment, work, left, decoding))
        except EvalProblem as problem:
            results.append(Result(task, "failed", problem.code, str(problem)))
        say(describe(results[-1]))
    return results


def run_set(
    task: str,
    items: list[Item],
    folder: Path,
    target: Target,
    environment: Path,
    work: Path,
    seconds: float,
    decoding: Decoding,
) -> Result:
    inspect = find_inspect(environment)
    if inspect is None:
        message = "inspect-ai is not installed: add it to the image, or give the image uv to install evals/requirements.lock."
        raise EvalProblem("tool_missing", message)
    logs = work / f"logs-{task}"
    logs.mkdir(parents=True)
    argv = [inspect, *arguments(task, folder / f"{task}.jsonl", logs, target, decoding)]
    code, said = _run(argv, work, _environment(environment, work, target), seconds)
    found = sorted(logs.glob("*.json"))
    if code is None:
        raise EvalProblem("eval_timeout", f"{task} was not finished in {seconds:.0f} s: give --evals-minutes more.")
    if not found:
        raise EvalProblem("eval_failed", f"inspect ended with exit code {code} and left no log: {said}")
    try:
        log = read_log(found[-1], [item.id for item in items])
    except LogError as error:
        raise EvalProblem("log_unreadable", str(error)) from error
    if log.status != "success":
        raise EvalProblem("eval_failed", f"inspect says {log.status} about {task}: {said}")
    return _result(task, items, log, found[-1].read_bytes())


def arguments(task: str, file: Path, logs: Path, target: Target, decoding: Decoding) -> list[str]:
    """Of `inspect`. Sampling options that its own client does not know go into the request's body."""
    return [
        *("eval", f"{TASKS}@questions", "-T", f"file={file}", "-T", f"name={task}"),
        *("--model", f"openai-api/local/{target.model}"),
        *("--temperature", str(decoding.temperature), "--top-p", str(decoding.top_p)),
        *("--extra-body", json.dumps({"top_k": decoding.top_k})),
        *("--max-tokens", str(decoding.max_tokens), "--epochs", str(decoding.epochs)),
        *("--max-connections", str(decoding.connections), "--max-retries", "3", "--no-fail-on-error"),
        *("--log-format", "json", "--log-dir", str(logs), "--display", "plain"),
    ]


def evals_block(results: list[Result], reference: dict[tuple[str, str], bool], decoding: Decoding = Decoding()) -> dict:
    """What summary.json says under `evals`."""
    tasks = [_task_block(result, reference) for result in results]
    versions = {result.version for result in results if result.version}
    return {
        "status": "completed" if all(result.status == "completed" for result in results) else "failed",
        "tool": {"name": "inspect-ai", "version": next(iter(versions), None)},
        "decoding": asdict(decoding),
        "tasks": tasks,
    }


def top_fields(block: dict, chance_min: float) -> dict:
    """Fields beside the score, where a board finds them. A set that was not finished brings none.

    `evals_kept` is there when every set is finished and none lost more than chance: a track can ask for it.
    """
    fields: dict = {}
    kept = block["status"] == "completed"
    for task in block["tasks"]:
        if task["status"] != "completed":
            continue
        name = SETS[task["task"]]
        fields[f"{name}_accuracy"] = task["accuracy"]
        fields[f"{name}_stderr"] = task["stderr"]
        fields[f"{name}_epochs"] = task["epochs"]
        paired = task["against_reference"]
        kept = kept and paired is not None and paired["chance"] >= chance_min
    return {**fields, "evals_kept": True} if kept else fields


def read_reference(folder: Path) -> dict[tuple[str, str], bool]:
    """(set, question) → did the unmodified model answer it right, in most epochs? Empty where nobody recorded it."""
    votes: dict[tuple[str, str], list[bool]] = {}
    try:
        for line in (folder / REFERENCE).read_text("utf-8").splitlines():
            row = json.loads(line)
            votes.setdefault((row["task"], row["id"]), []).append(row["correct"] is True)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvalProblem("data_invalid", f"{REFERENCE}: {error!r}") from error
    return {key: 2 * sum(given) > len(given) for key, given in votes.items()}


def sample_rows(results: list[Result]) -> list[dict]:
    """Lines of eval_results.jsonl."""
    return [{"task": result.task, **asdict(sample)} for result in results for sample in result.samples]


def describe(result: Result) -> str:
    if result.status != "completed":
        return f"{result.task}: {result.reason_code}: {result.message}"
    right = sum(sample.correct for sample in result.samples)
    return f"{result.task}: {right} of {len(result.samples)} right"


def _result(task: str, items: list[Item], log: InspectLog, raw: bytes) -> Result:
    wanted = {item.id: item.answer for item in items}
    wrong_target = [sample.id for sample in log.samples if sample.target != wanted[sample.id]]
    if wrong_target:
        raise EvalProblem("log_unreadable", f"{task}: another answer than the data's was expected for {wrong_target[0]}.")
    missing = len(items) - len({sample.id for sample in log.samples if sample.error is None})
    if missing > MAX_MISSING * len(items):
        raise EvalProblem("samples_missing", f"{missing} of {len(items)} questions of {task} have no score.")
    return Result(task, items=len(items), samples=log.samples, scorer=log.scorer, version=log.version, log=raw)


def _task_block(result: Result, reference: dict[tuple[str, str], bool]) -> dict:
    if result.status != "completed":
        return {
            "task": result.task,
            "status": result.status,
            "reason_code": result.reason_code,
            "message": result.message,
        }
    epochs = max((sample.epoch for sample in result.samples), default=1)
    total = result.items * epochs
    right = sum(sample.correct for sample in result.samples)
    scored = sum(sample.error is None for sample in result.samples)
    share = right / total
    low, high = wilson(right, total)
    stderr = standard_error(share, total)
    return {
        "task": result.task,
        "status": "completed",
        "accuracy": share,
        "stderr": stderr,
        "interval": [round(low, 4), round(high, 4)],
        "visible_difference": round(visible_difference(stderr), 4),
        "completed_samples": scored,
        "total_samples": total,
        "raw_correct": right,
        "raw_scored": scored,
        "epochs": epochs,
        "scorer": result.scorer,
        "against_reference": _paired(result, reference),
    }


def _paired(result: Result, reference: dict[tuple[str, str], bool]) -> dict | None:
    """The same questions, item by item: their difficulty cancels out. None where nothing was recorded."""
    given: dict[str, list[bool]] = {}
    for sample in result.samples:
        given.setdefault(sample.id, []).append(sample.correct)
    pairs = [
        (reference[result.task, key], 2 * sum(votes) > len(votes))
        for key, votes in given.items()
        if (result.task, key) in reference
    ]
    if not pairs:
        return None
    lost = sum(before and not after for before, after in pairs)
    gained = sum(after and not before for before, after in pairs)
    return {"items": len(pairs), "lost": lost, "gained": gained, "chance": chance_of_loss(lost, gained)}


def _environment(environment: Path, work: Path, target: Target) -> dict[str, str]:
    """A fresh one: no token of the Job, and a home that goes away with the run."""
    home = work / "home"
    home.mkdir(exist_ok=True)
    path = os.pathsep.join([str(environment / "bin"), os.environ.get("PATH", os.defpath)])
    return {
        "PATH": path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        # How Inspect addresses a provider called "local"; the key is asked for and never checked.
        "LOCAL_BASE_URL": f"{target.base_url}/v1",
        "LOCAL_API_KEY": "none",
    }


def _run(argv: list[str], work: Path, env: dict[str, str], seconds: float) -> tuple[int | None, str]:
    """The exit code, None when time was up, and the last line that it printed."""
    output = work / "inspect.log"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            argv, cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )
        try:
            code: int | None = process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _kill_group(process)
    lines = [line.strip() for line in output.read_text("utf-8", "replace").splitlines() if line.strip()]
    return code, (lines[-1][:300] if lines else "it printed nothing")


def _kill_group(process: subprocess.Popen) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
