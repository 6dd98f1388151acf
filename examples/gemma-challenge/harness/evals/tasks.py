"""The question sets as Inspect tasks: `inspect eval tasks.py@questions -T file=… -T name=…`.

Only this file imports inspect_ai; the harness itself runs without it.
"""
import json

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice


@task
def questions(file: str, name: str) -> Task:
    """A line of the file is {"id", "question", "options", "answer"}, the answer being a letter."""
    with open(file, encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    samples = [Sample(id=row["id"], input=row["question"], choices=row["options"], target=row["answer"]) for row in rows]
    return Task(name=name, dataset=MemoryDataset(samples, name=name), solver=multiple_choice(cot=True), scorer=choice())
