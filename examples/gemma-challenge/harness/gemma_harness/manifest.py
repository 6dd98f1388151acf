"""manifest.json of a submission: read, checked line by line, with defaults filled in."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import HarnessFailure
from .positioned_json import JsonError, read
from .schema_check import violations

SCHEMA_PATH = Path(__file__).resolve().parent.parent / "manifest.schema.json"
MAX_MANIFEST_BYTES = 64 * 1024
DEFAULT_MODEL_ID = "google/gemma-4-E4B-it"
DEFAULT_SERVED_NAME = "gemma-4-e4b-it"

_HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}$")
_PORT_FLAG = re.compile(r"^(--port|-p)(=\d+)?$")
PYTHON_NAMES = ("python", "python3")


@dataclass(frozen=True)
class Manifest:
    name: str
    description: str
    serve: list[str]
    prepare: list[str]
    dependencies: list[str]
    #: Requirements file with hashes, relative to the submission.
    lock: str | None
    model_id: str
    model_revision: str | None
    served_model_name: str
    env: dict[str, str]


def load_manifest(submission: Path) -> Manifest:
    """Reads `manifest.json` of `submission`; raises manifest_missing or manifest_invalid with every fault in it."""
    path = submission / "manifest.json"
    if not path.is_file():
        raise HarnessFailure("manifest_missing", "There is no manifest.json at the top of the submission.")
    raw = path.read_bytes()
    if len(raw) > MAX_MANIFEST_BYTES:
        raise _invalid([{"line": 1, "path": "", "message": f"is larger than {MAX_MANIFEST_BYTES} bytes"}])
    try:
        value, lines = read(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _invalid([{"line": raw.count(b"\n", 0, error.start) + 1, "path": "", "message": "is not UTF-8"}]) from None
    except JsonError as error:
        message = f"column {error.column}: {error}"
        raise _invalid([{"line": error.line, "path": "", "message": message}]) from None

    faults = [*violations(value, json.loads(SCHEMA_PATH.read_text("utf-8")))]
    if not faults:
        faults = _lint(value, submission)
    if faults:
        raise _invalid([_fault(where, message, lines) for where, message in faults])
    return Manifest(
        name=value.get("name", ""),
        description=value.get("description", ""),
        serve=value["serve"],
        prepare=value.get("prepare", []),
        dependencies=value.get("dependencies") or [],
        lock=value.get("lock"),
        model_id=value.get("model_id", DEFAULT_MODEL_ID),
        model_revision=value.get("model_revision"),
        served_model_name=value.get("served_model_name", DEFAULT_SERVED_NAME),
        env={key: _as_text(item) for key, item in value.get("env", {}).items()},
    )


def _lint(value: dict, submission: Path) -> list[tuple[tuple, str]]:
    """Faults that a schema cannot say: each of them would show only minutes into a paid Job."""
    faults: list[tuple[tuple, str]] = []
    for key in ("serve", "prepare"):
        faults += _lint_command(value.get(key, []), key, submission)
    lock = value.get("lock")
    if lock is not None and not _inside(submission, lock):
        faults.append((("lock",), f"there is no file {json.dumps(lock)} in the submission"))
    model_id = value.get("model_id")
    if model_id is not None and not (submission / model_id).exists() and not _HUB_ID.match(model_id):
        message = "is neither a Hub id (namespace/name) nor a path inside the submission"
        faults.append((("model_id",), message))
    return faults


def _inside(submission: Path, name: str) -> bool:
    path = (submission / name).resolve()
    return path.is_file() and path.is_relative_to(submission.resolve())


def _lint_command(command: list[str], key: str, submission: Path) -> list[tuple[tuple, str]]:
    faults: list[tuple[tuple, str]] = []
    if not command:
        return faults
    script = 1 if command[0] in PYTHON_NAMES and len(command) > 1 else 0
    name = command[script]
    if name.endswith(".py") and not _inside(submission, name):
        faults.append(((key, script), f"there is no file {json.dumps(name)} in the submission"))
    for index, word in enumerate(command):
        following = command[index + 1] if index + 1 < len(command) else ""
        if _PORT_FLAG.match(word) and ("=" in word or following.isdigit()):
            faults.append(((key, index), "sets the port: read it from the environment variable PORT"))
    return faults


def _fault(where: tuple, message: str, lines: dict[tuple, int]) -> dict:
    if where == ("port",):
        message = "the harness chooses the port and passes it as PORT; remove this key"
    return {"line": lines.get(where, 1), "path": _dotted(where), "message": message}


def _dotted(where: tuple) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _invalid(faults: list[dict]) -> HarnessFailure:
    shown = []
    for fault in faults:
        subject = f"{fault['path']}: " if fault["path"] else ""
        shown.append(f"manifest.json, line {fault['line']}: {subject}{fault['message']}")
    return HarnessFailure("manifest_invalid", "\n".join(shown), {"faults": faults})


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
