#!/usr/bin/env python3
"""Writes invented data of the shape of the real one, for the dry profile: prompts, references, warm-up, choices.

    make_invented_data.py --out harness/data/invented            # what is committed
    make_invented_data.py --out eval_dataset --seed 2            # another set, to rehearse verification with

The same seed gives the same bytes on every machine. The questions are made up here; the token ids are those of
the stub's toy tokenizer (one id a byte), and the reference continuations are hashes, not language.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "submissions" / "stub"))

from toy_model import FIRST_TEXT_ID, VOCABULARY, choose_letter, encode_chat  # noqa: E402

PROMPTS, WARMUP, CHOICES = 12, 8, 24
_TEMPLATES = (
    "A cistern holds {a} litres and loses {b} litres an hour. After how many hours is it half empty?",
    "Two lighthouses blink every {a} and {b} seconds. They blink together now; when do they next?",
    "A baker sells {a} loaves at {b} coins each and throws a tenth away. What does the baker earn?",
    "Which is larger: {a} to the power of 3, or {b} to the power of 4? Say by how much.",
    "A path of {a} tiles is laid with tiles of two colours, never two dark ones side by side. In how many ways, modulo {b}?",
    "The sum of two whole numbers is {a} and their difference is {b}. What are they, if they exist?",
)
_OPTIONS = "\nA) {0}\nB) {1}\nC) {2}\nD) none of these\nAnswer with one letter and one sentence."


class Draw:
    """Numbers from a seed by SHA-256: unlike a library's generator, the same for every version of Python."""

    def __init__(self, seed: int, label: str):
        self._key, self._count = f"{seed}/{label}", 0

    def below(self, limit: int) -> int:
        self._count += 1
        digest = hashlib.sha256(f"{self._key}/{self._count}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % limit

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)


def question(draw: Draw, index: int) -> str:
    numbers = {"a": draw.between(12, 980), "b": draw.between(3, 97)}
    text = _TEMPLATES[index % len(_TEMPLATES)].format(**numbers)
    return text + _OPTIONS.format(*(draw.between(2, 999) for _ in range(3))) if draw.below(2) else text


def prompt_rows(seed: int, kind: str, count: int) -> list[dict]:
    rows = []
    for index in range(count):
        draw = Draw(seed, f"{kind}/{index}")
        text = question(draw, index)
        rows.append({"id": f"{kind}-{seed}-{index:03d}", "text": text, "token_ids": encode_chat(text)})
    return rows


def reference_rows(seed: int, prompts: list[dict]) -> list[dict]:
    rows = []
    for index, prompt in enumerate(prompts):
        draw = Draw(seed, f"reference/{index}")
        length = draw.between(40, 160)
        target = [draw.between(FIRST_TEXT_ID, VOCABULARY - 1) for _ in range(length)]
        rows.append({"id": prompt["id"], "context_token_ids": prompt["token_ids"], "target_token_ids": target})
    return rows


def choice_rows(seed: int, count: int) -> list[dict]:
    """Multiple-choice questions of which the toy knows about three in four."""
    rows = []
    for index in range(count):
        draw = Draw(seed, f"choice/{index}")
        options = "".join(f"\n{letter}) {draw.between(2, 999)}" for letter in "ABCD")
        text = question(draw, index).split("\n")[0] + options + "\nAnswer with one letter."
        known = choose_letter(1, text)
        answer = known if draw.below(4) else "ABCD"[draw.below(4)]
        row = {"id": f"choice-{seed}-{index:03d}", "task": "invented", "text": text}
        rows.append({**row, "answer": answer, "reference_answer": known})
    return rows


def write_rows(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write invented benchmark data.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    prompts = prompt_rows(options.seed, "invented", PROMPTS)
    write_rows(options.out / "prompts.jsonl", prompts)
    write_rows(options.out / "references.jsonl", reference_rows(options.seed, prompts))
    write_rows(options.out / "warmup.jsonl", prompt_rows(options.seed, "warmup", WARMUP))
    write_rows(options.out / "choices.jsonl", choice_rows(options.seed, CHOICES))
    # Runs that count refuse data with this card.
    card = {"invented": True, "seed": options.seed}
    (options.out / "data_card.json").write_text(json.dumps(card, indent=2, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
