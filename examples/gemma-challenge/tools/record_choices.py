#!/usr/bin/env python3
"""Organisers: asks the unmodified model multiple-choice questions and writes choices.jsonl with its answers.

    record_choices.py --base-url http://127.0.0.1:8000 --model gemma-4-e4b-it --items items.jsonl --out data/choices.jsonl

A line of items is {"id", "task", "text", "answer"}; the text holds the options and ends with the request for one
letter. `task` is a field name such as mmlu_pro or gpqa_diamond. Serve the baseline before, with the same settings.
"""
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

from gemma_harness.client import Client  # noqa: E402
from gemma_harness.shapes import CHAT, chat_request  # noqa: E402
from gemma_harness.stages.choices import ANSWER_TOKENS, read_letter  # noqa: E402

REQUEST_S = 120


def main() -> int:
    parser = argparse.ArgumentParser(description="Record the unmodified model's answers.")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True, help="served model name")
    parser.add_argument("--items", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    url = urlsplit(options.base_url)
    client = Client(url.hostname or "127.0.0.1", url.port or 80)
    rows, right = [], 0
    for line in options.items.read_text("utf-8").splitlines():
        item = json.loads(line)
        answer = client.post(CHAT, chat_request(options.model, item["text"], ANSWER_TOKENS), REQUEST_S)
        if not answer.ok:
            print(f"{item['id']}: {answer.error or answer.excerpt()}", file=sys.stderr)
            return 1
        letter = read_letter(answer.json()) or ""
        right += letter == item["answer"]
        rows.append({key: item[key] for key in ("id", "task", "text", "answer")} | {"reference_answer": letter})
    options.out.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows), "utf-8")
    print(f"{right} of {len(rows)} right; wrote {options.out}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
