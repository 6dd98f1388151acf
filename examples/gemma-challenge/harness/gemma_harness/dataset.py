"""The benchmark's data: prompts, reference continuations and warm-up prompts, as token ids.

Everything is already in tokens of the model's own chat template, so that a run needs no tokenizer and
timing, audit and gate send the same bytes.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import HarnessFailure
from .hashing import token_sha256, tree_sha256

VOCABULARY = 262_144
_TASK = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True)
class Prompt:
    id: str
    token_ids: list[int]
    #: The message that the ids are the chat rendering of, where the data tells.
    text: str | None = None

    @property
    def sha256(self) -> str:
        return token_sha256(self.token_ids)


@dataclass(frozen=True)
class Reference:
    """A continuation by the reference model, to be scored given its context."""

    id: str
    context_token_ids: list[int]
    target_token_ids: list[int]

    @property
    def token_ids(self) -> list[int]:
        return self.context_token_ids + self.target_token_ids


@dataclass(frozen=True)
class Choice:
    """A multiple-choice question, and what the unmodified model answered to the same request."""

    id: str
    #: Name of the question set, a field name such as `mmlu_pro`.
    task: str
    text: str
    answer: str
    reference_answer: str


@dataclass(frozen=True)
class Dataset:
    prompts: list[Prompt]
    references: list[Reference]
    warmup: list[Prompt]
    #: Empty where the data has no choices.jsonl.
    choices: list[Choice]
    sha256: str

    def longest_reference(self) -> Reference:
        return max(self.references, key=lambda record: len(record.token_ids))


def load_dataset(folder: Path, *, prompts: int, references: int, choices: int, invented: bool) -> Dataset:
    """`invented`: may the data be? Reads prompts.jsonl, references.jsonl, warmup.jsonl and, where there is one, choices.jsonl; checks what a wrong file would break later."""
    if not folder.is_dir():
        raise HarnessFailure("data_missing", f"There is no data in {folder.name}/.")
    if not invented and _is_invented(folder):
        message = f"{folder.name}/ holds invented data, which only dry runs may use: make the real data."
        raise HarnessFailure("data_invalid", message)
    all_prompts = [_prompt(row, "prompts.jsonl") for row in _rows(folder / "prompts.jsonl")]
    all_references = [_reference(row) for row in _rows(folder / "references.jsonl")]
    warmup = [_prompt(row, "warmup.jsonl") for row in _rows(folder / "warmup.jsonl")]
    for name, records in (("prompts", all_prompts), ("references", all_references), ("warmup", warmup)):
        if not records:
            raise HarnessFailure("data_invalid", f"{name}.jsonl is empty.")
        if len({record.id for record in records}) != len(records):
            raise HarnessFailure("data_invalid", f"{name}.jsonl holds an id twice.")
    timed = {prompt.sha256 for prompt in all_prompts}
    if any(prompt.sha256 in timed for prompt in warmup):
        raise HarnessFailure("data_invalid", "warmup.jsonl holds a prompt that is also timed.")
    path = folder / "choices.jsonl"
    all_choices = [_choice(row) for row in _rows(path)] if path.is_file() else []
    return Dataset(
        all_prompts[:prompts], all_references[:references], warmup, all_choices[:choices], tree_sha256(folder)
    )


def _is_invented(folder: Path) -> bool:
    """Committed data is public, whichever folder it lies in: nothing may be judged by it."""
    try:
        return json.loads((folder / "data_card.json").read_text("utf-8")).get("invented") is True
    except (OSError, ValueError, AttributeError):
        return False


def _rows(path: Path) -> list[dict]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise HarnessFailure("data_missing", f"Cannot read {path.name}: {error.strerror}.") from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise HarnessFailure("data_invalid", f"{path.name}, line {number}: {error}.") from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise HarnessFailure("data_invalid", f"{path.name}, line {number}: needs an object with an id.")
        rows.append(row)
    return rows


def _prompt(row: dict, file: str) -> Prompt:
    text = row.get("text")
    return Prompt(row["id"], _ids(row, "token_ids", file), text if isinstance(text, str) else None)


def _reference(row: dict) -> Reference:
    file = "references.jsonl"
    return Reference(row["id"], _ids(row, "context_token_ids", file), _ids(row, "target_token_ids", file))


def _choice(row: dict) -> Choice:
    values = [row.get(key) for key in ("task", "text", "answer", "reference_answer")]
    if not all(isinstance(value, str) for value in values) or not _TASK.fullmatch(values[0]):
        raise HarnessFailure("data_invalid", f"choices.jsonl: {row['id']} needs task, text, answer, reference_answer.")
    return Choice(row["id"], *values)


def _ids(row: dict, key: str, file: str) -> list[int]:
    ids = row.get(key)
    plain = isinstance(ids, list) and ids and all(type(item) is int and 0 <= item < VOCABULARY for item in ids)
    if not plain:
        raise HarnessFailure("data_invalid", f"{file}: {key} of {row['id']} must be a list of token ids.")
    return ids
