"""Is an output a repetition loop? A broken model drafts itself well, so loops look fast."""
from __future__ import annotations

from typing import Sequence

GROUP = 4
#: More than this share of repeated groups is a loop.
LOOP_SHARE = 0.5


def repeated_share(ids: Sequence[int], group: int = GROUP) -> float:
    """Share of the `group`-token windows that occurred before in the same output."""
    windows = len(ids) - group + 1
    if windows < 1:
        return 0.0
    distinct = len({tuple(ids[at : at + group]) for at in range(windows)})
    return 1 - distinct / windows


def is_loop(ids: Sequence[int]) -> bool:
    return repeated_share(ids) > LOOP_SHARE
