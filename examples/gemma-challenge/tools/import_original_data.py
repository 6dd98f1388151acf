#!/usr/bin/env python3
"""Organisers who hold the original event's files: makes this harness's data from them, without any model.

    import_original_data.py --references ppl_ground_truth_tokens.jsonl --out harness/data/public

The contexts of that file are the same 128 prompts, already in tokens of a chat template, so they serve as the
prompts too. The last --warmup records are not timed and warm up instead.
"""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from reference_data import write  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Convert the original event's data.")
    parser.add_argument("--references", type=Path, required=True, help="JSONL of {id, context_token_ids, target_token_ids}")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--warmup", type=int, default=16)
    options = parser.parse_args()
    try:
        rows = [json.loads(line) for line in options.references.read_text("utf-8").splitlines()]
        keys = ("id", "context_token_ids", "target_token_ids")
        references = [{key: row[key] for key in keys} for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"Cannot read {options.references}: {error!r}", file=sys.stderr)
        return 1
    if not 0 < options.warmup < len(references):
        print(f"--warmup must be between 1 and {len(references) - 1}.", file=sys.stderr)
        return 1
    prompts = [{"id": row["id"], "token_ids": row["context_token_ids"]} for row in references]
    timed = len(references) - options.warmup
    data = {"prompts": prompts[:timed], "references": references, "warmup": prompts[timed:]}
    write(options.out, data, {"source": options.references.name})
    print(f"Wrote {timed} prompts, {len(references)} references and {options.warmup} warm-up prompts to {options.out}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
