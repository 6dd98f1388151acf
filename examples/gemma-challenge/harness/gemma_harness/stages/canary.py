"""The longest reference text, scored first: it needs the most memory, and running out of it should cost seconds."""
from __future__ import annotations

from ..responses import parse_scores
from ..run_state import Run
from ..shapes import COMPLETIONS, score_request


def canary(run: Run) -> None:
    record = run.data.longest_reference()
    ids = record.token_ids
    body = score_request(run.manifest.served_model_name, ids)
    doing = f"scoring the longest record ({len(ids)} tokens)"
    parse_scores(run.post(COMPLETIONS, body, doing), ids, len(record.context_token_ids))
