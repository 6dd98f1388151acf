"""Perplexity of reference texts: the gate is token-weighted, the mean of the records is a diagnostic."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

from .responses import TokenScore


@dataclass(frozen=True)
class RecordPerplexity:
    id: str
    num_tokens: int
    #: Sum of −ln p over the scored tokens.
    neg_log_likelihood: float

    @property
    def ppl(self) -> float:
        return bounded_exp(self.neg_log_likelihood / self.num_tokens)


def record_perplexity(key: str, scores: Sequence[TokenScore]) -> RecordPerplexity:
    return RecordPerplexity(key, len(scores), -math.fsum(score.logprob for score in scores))


def token_weighted(records: Sequence[RecordPerplexity]) -> float:
    """exp(Σ NLL ÷ Σ tokens): every token counts the same. This is the gate."""
    total = math.fsum(record.neg_log_likelihood for record in records)
    return bounded_exp(total / sum(record.num_tokens for record in records))


def mean_of_records(records: Sequence[RecordPerplexity]) -> float:
    """Every record counts the same, however short. Never the gate."""
    return math.fsum(record.ppl for record in records) / len(records)


def bounded_exp(nats: float) -> float:
    """exp, with a ceiling instead of infinity: JSON has no infinity."""
    return math.exp(min(nats, 700.0))
