#!/usr/bin/env python3
"""Organisers: makes the real data from questions and two models. Needs a GPU that holds the reference model.

    pip install -r tools/requirements.lock
    make_reference_data.py --questions public.jsonl  --out harness/data/public --seed 1
    make_reference_data.py --questions private.jsonl --out private-data        --seed SECRET

A line of questions is {"id": "mmlu_pro-17", "text": "…"}. Take them from sets that you may use, and keep questions
whose authors ask for it (GPQA) out of everything that is published: only token ids are written here, but ids of a
public tokenizer are readable too. The public folder goes to the central bucket with the harness, the private one to
the audit bucket and nowhere else.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from reference_data import DataError, build, read_questions, split_questions, write  # noqa: E402

#: How the reference continuations are sampled; the model's own recommended settings.
SAMPLING = {"temperature": 1.0, "top_k": 64, "top_p": 0.95}


def main() -> int:
    parser = argparse.ArgumentParser(description="Make benchmark data from questions and models.")
    parser.add_argument("--questions", type=Path, required=True, help="JSONL of {id, text}")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True, help="chooses questions and samples; secret for private data")
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--warmup", type=int, default=64)
    parser.add_argument("--max-target-tokens", type=int, default=512)
    parser.add_argument("--model", default="google/gemma-4-E4B-it", help="the served model: its chat template")
    parser.add_argument("--model-revision", help="commit on the Hub")
    parser.add_argument("--reference", default="google/gemma-4-31B-it", help="writes the continuations")
    parser.add_argument("--reference-revision", help="commit on the Hub")
    options = parser.parse_args()
    try:
        questions = read_questions(options.questions)
        timed, warming = split_questions(questions, options.prompts, options.warmup, options.seed)
        data = make(options, timed, warming)
    except (DataError, OSError) as error:
        print(f"Cannot make the data: {error}", file=sys.stderr)
        return 1
    card = {
        "served_model": {"id": options.model, "revision": options.model_revision},
        "reference_model": {"id": options.reference, "revision": options.reference_revision},
        "sampling": {**SAMPLING, "max_tokens": options.max_target_tokens},
        # The seed of a private set chooses its questions, so it stays out of every file.
    }
    write(options.out, data, card)
    print(f"Wrote {', '.join(f'{len(rows)} {name}' for name, rows in data.items())} to {options.out}.")
    return 0


def make(options: argparse.Namespace, timed: list[dict], warming: list[dict]) -> dict[str, list[dict]]:
    from transformers import AutoTokenizer
    from vllm import LLM, SamplingParams

    served = AutoTokenizer.from_pretrained(options.model, revision=options.model_revision)
    reference = AutoTokenizer.from_pretrained(options.reference, revision=options.reference_revision)
    if served.get_vocab() != reference.get_vocab():
        raise DataError("the two models have different vocabularies, so token ids cannot be shared.")

    def renderer(tokenizer):
        def render(text: str) -> list[int]:
            message = [{"role": "user", "content": text}]
            return list(
                tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
            )

        return render

    def generate(contexts, seeds) -> list[list[int]]:
        longest = max(map(len, contexts)) + options.max_target_tokens
        engine = LLM(options.reference, revision=options.reference_revision, max_model_len=longest, seed=0)
        limits = [SamplingParams(**SAMPLING, seed=seed, max_tokens=options.max_target_tokens) for seed in seeds]
        answers = engine.generate([{"prompt_token_ids": ids} for ids in contexts], limits)
        return [list(answer.outputs[0].token_ids) for answer in answers]

    return build(timed, warming, renderer(served), renderer(reference), generate, options.seed)


if __name__ == "__main__":
    sys.exit(main())
