"""A generative check: multiple-choice questions, answered with a letter, compared with the unmodified model's answers.

Perplexity never looks at what a model writes, and has passed models that lost 40 points on such questions. The
comparison is paired, item by item, so that the difficulty of the questions cancels out.
"""
from __future__ import annotations

import math
import re
from typing import Sequence

from ..dataset import Choice
from ..proportions import chance_of_loss, wilson
from ..run_state import Run
from ..shapes import CHAT, chat_request

#: Enough for a letter with some words around it; the question asks for nothing else.
ANSWER_TOKENS = 16
_LETTER = re.compile(r"\b([A-J])\b")


def ask_choices(run: Run) -> None:
    choices = run.data.choices
    if not choices:
        return
    given: list[str | None] = []
    with run.outputs.open_rows("choice_results.jsonl") as rows:
        for index, choice in enumerate(choices):
            body = chat_request(run.manifest.served_model_name, choice.text, ANSWER_TOKENS)
            letter = read_letter(run.post(CHAT, body, f"answering {choice.id}"))
            given.append(letter)
            rows.append({"id": choice.id, "task": choice.task, "answer": letter, "right": letter == choice.answer})
            run.progress.fraction(index + 1, len(choices))
    lost, gained = compare(choices, given)
    chance = chance_of_loss(lost, gained)
    run.gates.at_least(
        "choice_chance",
        chance,
        run.limits.choice_chance_min,
        "quality_drop",
        f"{lost} answers lost and {gained} gained against the unmodified model, of {len(choices)}",
    )
    run.diagnostics["choices"] = {
        "lost": lost,
        "gained": gained,
        "unreadable": sum(letter is None for letter in given),
        "smallest_detectable_loss": math.ceil(-math.log2(run.limits.choice_chance_min)),
        "tasks": by_task(choices, given),
    }
    run.accuracy = {task: result["percent"] for task, result in run.diagnostics["choices"]["tasks"].items()}


def read_letter(body: object) -> str | None:
    """The first letter from A to J that stands alone in an answer."""
    try:
        match = _LETTER.search(body["choices"][0]["message"]["content"])
    except (TypeError, KeyError, IndexError):
        return None
    return match.group(1) if match else None


def compare(choices: Sequence[Choice], given: Sequence[str | None]) -> tuple[int, int]:
    """How many questions only the unmodified model answers right, and how many only the submission."""
    lost = gained = 0
    for choice, letter in zip(choices, given):
        before, after = choice.reference_answer == choice.answer, letter == choice.answer
        lost += before and not after
        gained += after and not before
    return lost, gained


def by_task(choices: Sequence[Choice], given: Sequence[str | None]) -> dict[str, dict]:
    """Accuracy of each question set in percent, with a 95 % Wilson interval."""
    results = {}
    for task in dict.fromkeys(choice.task for choice in choices):
        right = [letter == choice.answer for choice, letter in zip(choices, given) if choice.task == task]
        low, high = wilson(sum(right), len(right))
        results[task] = {
            "items": len(right),
            "percent": 100 * sum(right) / len(right),
            "interval_percent": [round(100 * low, 2), round(100 * high, 2)],
        }
    return results
