"""Warm-up on prompts that are never timed, until the rate is stable: engines compile kernels on first use."""
from __future__ import annotations

import time

from ..responses import parse_completion
from ..run_state import Run
from ..shapes import COMPLETIONS, decode_request

WINDOW = 3


def warm_up(run: Run) -> None:
    profile = run.profile
    rates: list[float] = []
    stable = False
    while len(rates) < profile.warmup_max and not stable:
        prompt = run.data.warmup[len(rates) % len(run.data.warmup)].token_ids
        body = decode_request(run.manifest.served_model_name, prompt, profile.output_tokens)
        begin = time.perf_counter()
        answer = run.post(COMPLETIONS, body, "warming up")
        seconds = time.perf_counter() - begin
        rates.append(len(parse_completion(answer, prompt).token_ids) / seconds)
        stable = len(rates) >= profile.warmup_min and is_stable(rates[-WINDOW:], profile.warmup_spread)
        run.progress.fraction(len(rates), profile.warmup_max)
    run.diagnostics["warmup"] = {
        "requests": len(rates),
        "stable": stable,
        "last_rates_tps": [round(rate, 2) for rate in rates[-WINDOW:]],
    }


def is_stable(rates: list[float], spread: float) -> bool:
    """Do `rates` differ by at most `spread` of their mean, from the lowest to the highest?"""
    mean = sum(rates) / len(rates)
    return len(rates) >= WINDOW and mean > 0 and (max(rates) - min(rates)) / mean <= spread
