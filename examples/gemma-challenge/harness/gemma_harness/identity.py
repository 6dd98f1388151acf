"""Greedy identity in three levels: exact, tie-only, divergent.

Two runs of one honest server rarely give equal tokens on a GPU: a near-tie tips over and the rest of the
text is another one. So a text is not compared with a second text, but with the server's own model: each
generated token must be its argmax, or as good as a tie, given the tokens before it. Teacher forcing has no
speculation in it, so this is the plain decode of the same weights. A second decode of the same requests is
the control: it shows how much of a difference means nothing.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from .responses import TokenScore

EXACT = "exact"
TIE_ONLY = "tie-only"
DIVERGENT = "divergent"


@dataclass(frozen=True)
class RecordAudit:
    id: str
    verdict: str
    num_tokens: int
    ties: int
    divergent: int
    #: Index of the first generated token that is not the argmax; None when all are.
    first_difference: int | None
    first_divergence: int | None
    largest_gap: float


def audit_record(key: str, scores: Sequence[TokenScore], tie_nats: float) -> RecordAudit:
    """Judges one generated text from the scores of its tokens."""
    ties = [at for at, score in enumerate(scores) if 0 < score.gap <= tie_nats]
    beyond = [at for at, score in enumerate(scores) if score.gap > tie_nats or _unranked(score)]
    verdict = DIVERGENT if beyond else TIE_ONLY if ties else EXACT
    return RecordAudit(
        id=key,
        verdict=verdict,
        num_tokens=len(scores),
        ties=len(ties),
        divergent=len(beyond),
        first_difference=min([*ties, *beyond], default=None),
        first_divergence=beyond[0] if beyond else None,
        largest_gap=max((score.gap for score in scores), default=0.0),
    )


def _unranked(score: TokenScore) -> bool:
    """Ranked below first, yet no better token is named: counted against the server, not for it."""
    return not score.is_argmax and score.gap == 0


def overall(audits: Sequence[RecordAudit], divergent_share_max: float) -> tuple[str, float]:
    """The verdict over all records, and the share of divergent tokens that the gate looks at."""
    tokens = sum(audit.num_tokens for audit in audits)
    share = sum(audit.divergent for audit in audits) / tokens if tokens else 0.0
    if share > divergent_share_max:
        return DIVERGENT, share
    return (EXACT if all(audit.verdict == EXACT for audit in audits) else TIE_ONLY), share


def first_difference(left: Sequence[int], right: Sequence[int]) -> int | None:
    """Index of the first differing token, a missing one being a difference; None for equal lists."""
    for at, (one, other) in enumerate(zip(left, right)):
        if one != other:
            return at
    return None if len(left) == len(right) else min(len(left), len(right))
