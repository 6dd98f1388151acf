"""The control of the identity audit: the same requests a second time, to see what a difference means here."""
from __future__ import annotations

import random
import statistics

from ..identity import first_difference
from ..responses import parse_completion
from ..run_state import Run
from ..shapes import COMPLETIONS, decode_request
from .score import pick_audited


def control(run: Run) -> None:
    records = pick_audited(run, random.Random(run.seed))
    differences: list[int | None] = []
    for index, record in enumerate(records):
        body = decode_request(run.manifest.served_model_name, record.prompt_ids, run.profile.output_tokens)
        again = parse_completion(run.post(COMPLETIONS, body, f"decoding {record.id} again"), record.prompt_ids)
        differences.append(first_difference(record.token_ids, again.token_ids))
        run.progress.fraction(index + 1, len(records))
    different = [at for at in differences if at is not None]
    run.diagnostics["control"] = {
        "records": len(records),
        "identical": len(records) - len(different),
        "median_first_difference": statistics.median(different) if different else None,
    }
