"""What a share of right answers is worth: intervals, and whether a loss is more than chance."""
from __future__ import annotations

import math

#: 97.5 % quantile of the normal distribution: intervals are two-sided at 95 %.
Z = 1.959964


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """95 % confidence interval of a proportion."""
    share, square = successes / trials, Z * Z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = Z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def standard_error(share: float, trials: int) -> float:
    """Of a proportion, from the sample itself."""
    return math.sqrt(share * (1 - share) / (trials - 1)) if trials > 1 else 0.0


def visible_difference(stderr: float) -> float:
    """The smallest difference between two such measurements that is more than noise, at 95 %."""
    return Z * math.sqrt(2) * stderr


def chance_of_loss(lost: int, gained: int) -> float:
    """Probability of at least `lost` losses among the changed answers, were losses and gains equally likely."""
    changed = lost + gained
    return sum(math.comb(changed, k) for k in range(lost, changed + 1)) / 2**changed
