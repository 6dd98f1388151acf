"""Turns questions into the harness's data: which are timed, which warm up, and what the reference model continues.

Knows nothing of models: rendering and generating are passed in, so that this part can be tested without a GPU.
"""
from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Callable, Sequence

Render = Callable[[str], list[int]]
Generate = Callable[[Sequence[list[int]], Sequence[int]], list[list[int]]]

#: A continuation of a few tokens says little about a model and weighs little in the gate.
MIN_TARGET_TOKENS = 16


class DataError(Exception):
    """The questions cannot become a data set; the message says why."""


def read_questions(path: Path) -> list[dict]:
    """Lines of {"id": …, "text": …}; raises DataError."""
    rows: list[dict] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            rows.append({"id": str(row["id"]), "text": str(row["text"])})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path.name}, line {number}: needs an object with id and text ({error!r}).") from None
    if len({row["id"] for row in rows}) != len(rows):
        raise DataError(f"{path.name} holds an id twice.")
    if len({row["text"] for row in rows}) != len(rows):
        raise DataError(f"{path.name} holds a question twice.")
    return rows


def split_questions(questions: list[dict], prompts: int, warmup: int, seed: int) -> tuple[list[dict], list[dict]]:
    """`prompts` to time and `warmup` to warm up with, in an order that depends on seed and ids only."""
    if len(questions) < prompts + warmup:
        raise DataError(f"{prompts} + {warmup} questions are needed, there are {len(questions)}.")
    ordered = sorted(questions, key=lambda row: hashlib.sha256(f"{seed}/{row['id']}".encode()).digest())
    return ordered[:prompts], ordered[prompts : prompts + warmup]


def build(
    timed: list[dict], warming: list[dict], render_prompt: Render, render_context: Render, generate: Generate, seed: int
) -> dict[str, list[dict]]:
    """Rows of prompts.jsonl, references.jsonl and warmup.jsonl."""
    contexts = [render_context(row["text"]) for row in timed]
    seeds = [int.from_bytes(hashlib.sha256(f"{seed}/{row['id']}/target".encode()).digest()[:4], "big") for row in timed]
    targets = generate(contexts, seeds)
    short = [row["id"] for row, target in zip(timed, targets) if len(target) < MIN_TARGET_TOKENS]
    if len(targets) != len(timed) or short:
        raise DataError(f"The reference model answered with fewer than {MIN_TARGET_TOKENS} tokens: {', '.join(short)}.")
    return {
        "prompts": [{"id": row["id"], "token_ids": render_prompt(row["text"])} for row in timed],
        "references": [
            {"id": row["id"], "context_token_ids": context, "target_token_ids": target}
            for row, context, target in zip(timed, contexts, targets)
        ],
        "warmup": [{"id": row["id"], "text": row["text"], "token_ids": render_prompt(row["text"])} for row in warming],
    }


def write(folder: Path, data: dict[str, list[dict]], card: dict) -> None:
    """Writes the three files and data_card.json, which says how they came to be and holds their hashes."""
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {}
    for name, rows in data.items():
        text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
        hashes[f"{name}.jsonl"] = hashlib.sha256(text.encode()).hexdigest()
    full = {**card, "counts": {name: len(rows) for name, rows in data.items()}, "sha256": hashes, **statistics(data)}
    (folder / "data_card.json").write_text(json.dumps(full, indent=2, sort_keys=True) + "\n", "utf-8")


def statistics(data: dict[str, list[dict]]) -> dict:
    """What the perplexity gate sees: how many tokens, and how little of the vocabulary."""
    targets = [row["target_token_ids"] for row in data["references"]]
    return {
        "target_tokens": sum(map(len, targets)),
        "distinct_target_tokens": len({token for target in targets for token in target}),
        "longest_pair": max(len(row["context_token_ids"]) + len(row["target_token_ids"]) for row in data["references"]),
        "prompt_tokens": sum(len(row["token_ids"]) for row in data["prompts"]),
    }
