#!/usr/bin/env python3
"""Asks a server that is already running the long question sets, as a run with `--evals` does at its end.

    run_evals.py --base-url http://127.0.0.1:8000 --model gemma-4-e4b-it --data harness/data/public/evals --out DIR

Writes eval_summary.json, eval_results.jsonl and the tool's own logs. Of the unmodified model, copy eval_results.jsonl to
the folder of the question sets as reference_results.jsonl: later runs are then compared with it item by item.
Needs inspect-ai: pip install -r harness/evals/requirements.lock
"""
from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "harness"))

from gemma_harness.evals import SETS, EvalProblem, Target, evals_block, read_reference, run_sets, sample_rows  # noqa: E402
from gemma_harness.outputs import encode_json  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask a running server MMLU-Pro and GPQA-Diamond.")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True, help="the served name")
    parser.add_argument("--data", type=Path, required=True, help="folder with mmlu_pro.jsonl and gpqa_diamond.jsonl")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--evals", action="append", choices=tuple(SETS), help="default: every set")
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    tasks = list(dict.fromkeys(options.evals or SETS))
    target = Target(options.base_url.rstrip("/").removesuffix("/v1"), options.model)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="evals-") as work:
        say = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
        data = options.data.resolve()
        # The tool from wherever this Python has it, or from the PATH.
        results = run_sets(tasks, data, target, Path(sys.prefix), Path(work), options.minutes * 60, say)
    try:
        block = evals_block(results, read_reference(data))
    except EvalProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    rows = "".join(json.dumps(row, sort_keys=True) + "\n" for row in sample_rows(results))
    (options.out / "eval_summary.json").write_bytes(encode_json(block))
    (options.out / "eval_results.jsonl").write_text(rows, "utf-8")
    for result in results:
        if result.log is not None:
            (options.out / f"eval_log_{result.task}.json").write_bytes(result.log)
    print(json.dumps(block, indent=2))
    return 0 if block["status"] == "completed" else 1


if __name__ == "__main__":
    sys.exit(main())
