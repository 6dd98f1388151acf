"""The scoring pass: reference texts and the server's own outputs, in one shuffled row of equal-looking requests.

The first give the perplexity. The second audit the timed pass: a server that answers scoring requests with
better weights than it decodes with finds its own outputs improbable. From one request it cannot tell which
kind it is.
"""
from __future__ import annotations

import random

from ..identity import audit_record, overall
from ..perplexity import bounded_exp, mean_of_records, record_perplexity, token_weighted
from ..responses import TokenScore, parse_scores
from ..run_state import Run, TimedRecord
from ..shapes import COMPLETIONS, score_request


def score_pass(run: Run) -> None:
    order = random.Random(run.seed)
    audited = pick_audited(run, order)
    items = [("reference", record.id, record.token_ids, len(record.context_token_ids)) for record in run.data.references]
    items += [("audit", record.id, record.prompt_ids + record.token_ids, len(record.prompt_ids)) for record in audited]
    order.shuffle(items)
    scores: dict[str, dict[str, list[TokenScore]]] = {"reference": {}, "audit": {}}
    for index, (kind, key, ids, begin) in enumerate(items):
        answer = run.post(COMPLETIONS, score_request(run.manifest.served_model_name, ids), f"scoring record {key}")
        scores[kind][key] = parse_scores(answer, ids, begin)
        run.progress.fraction(index + 1, len(items))
    _perplexity(run, scores["reference"])
    _identity(run, scores["audit"])
    _plausibility(run, [*scores["reference"].values(), *scores["audit"].values()])


def pick_audited(run: Run, order: random.Random) -> list[TimedRecord]:
    """A random sample of the timed records, in their order; chosen after they were timed."""
    count = min(run.profile.audit_records, len(run.timed))
    return [run.timed[at] for at in sorted(order.sample(range(len(run.timed)), count))]


def _perplexity(run: Run, scores: dict[str, list[TokenScore]]) -> None:
    records = [record_perplexity(record.id, scores[record.id]) for record in run.data.references]
    with run.outputs.open_rows("ppl_results.jsonl") as rows:
        for reference, record in zip(run.data.references, records):
            begin = len(reference.context_token_ids)
            rows.append(
                {
                    "id": record.id,
                    "num_tokens": record.num_tokens,
                    "neg_log_likelihood": record.neg_log_likelihood,
                    "ppl": record.ppl,
                    "score_start": begin,
                    "score_end": len(reference.token_ids),
                }
            )
    ppl = token_weighted(records)
    run.score["ppl"] = ppl
    run.gates.at_most("ppl", ppl, run.limits.ppl_max, "ppl_over_cap", "token-weighted over the reference texts")
    targets = {token for record in run.data.references for token in record.target_token_ids}
    run.diagnostics["ppl"] = {
        "mean_record_ppl": mean_of_records(records),
        "num_records": len(records),
        "num_tokens": sum(record.num_tokens for record in records),
        "distinct_target_tokens": len(targets),
    }


def _identity(run: Run, scores: dict[str, list[TokenScore]]) -> None:
    audits = [audit_record(key, own, run.limits.tie_nats) for key, own in scores.items()]
    verdict, share = overall(audits, run.limits.divergent_share_max)
    run.gates.at_most(
        "divergent_share",
        share,
        run.limits.divergent_share_max,
        "greedy_divergent",
        f"{verdict}: audited tokens that the server's own scoring does not rank first",
    )
    firsts = [audit.first_divergence for audit in audits if audit.first_divergence is not None]
    run.diagnostics["identity"] = {
        "verdict": verdict,
        "records": len(audits),
        "tokens": sum(audit.num_tokens for audit in audits),
        "exact": sum(audit.verdict == "exact" for audit in audits),
        "tie_only": sum(audit.verdict == "tie-only" for audit in audits),
        "divergent": sum(audit.verdict == "divergent" for audit in audits),
        "first_divergence": min(firsts, default=None),
        "largest_gap_nats": max((audit.largest_gap for audit in audits), default=0.0),
        "tie_nats": run.limits.tie_nats,
        "self_ppl": bounded_exp(
            -sum(score.logprob for own in scores.values() for score in own)
            / max(1, sum(len(own) for own in scores.values()))
        ),
    }


def _plausibility(run: Run, scored: list[list[TokenScore]]) -> None:
    """Numbers that cannot come from one probability distribution."""
    tokens = [score for own in scored for score in own]
    excess = max((score.probability_excess for score in tokens), default=0.0)
    run.gates.at_most(
        "probability_excess",
        excess,
        run.limits.probability_slack,
        "logprobs_implausible",
        "largest sum of two probabilities at one position, above 1",
    )
    named = sum(score.has_alternative for score in tokens)
    run.diagnostics["positions_with_alternative"] = named
    # Sampled reference texts always hold tokens that are not the first choice. A server that never names a
    # better one leaves the audit nothing to compare with.
    run.gates.at_most(
        "alternatives_missing",
        0 if named else 1,
        0,
        "audit_impossible",
        "prompt_logprobs must name the most probable token beside the prompt's own",
    )
