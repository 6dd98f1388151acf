"""How much is measured, and every limit in time, by profile."""
from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Profile:
    name: str
    #: Folder below harness/data.
    data: str
    #: How many of the data's records are used; the first in the order of the file.
    prompts: int
    output_tokens: int
    ppl_records: int
    #: Timed records decoded a second time, and scored by the server itself, to audit what was timed.
    audit_records: int
    #: Multiple-choice questions, where the data has any.
    choices: int
    warmup_min: int
    warmup_max: int
    #: The warm-up ends when the rates of the last few requests differ by no more than this share.
    warmup_spread: float
    #: Public prompts timed as well when the run is on a private set.
    public_sample: int
    # Limits in seconds.
    install_s: float
    prepare_s: float
    startup_s: float
    #: A server that answers GET /v1/models only with errors is given up after this.
    error_grace_s: float
    poll_s: float
    request_s: float
    stop_s: float
    run_s: float


FULL = Profile(
    name="full",
    data="public",
    prompts=128,
    output_tokens=512,
    ppl_records=128,
    audit_records=16,
    choices=200,
    warmup_min=6,
    warmup_max=64,
    warmup_spread=0.03,
    public_sample=16,
    install_s=900,
    prepare_s=1200,
    startup_s=900,
    error_grace_s=60,
    poll_s=2,
    request_s=180,
    stop_s=30,
    run_s=2280,
)

#: Minutes instead of a quarter of an hour: does it start, answer, keep its quality.
SMOKE = replace(
    FULL,
    name="smoke",
    prompts=8,
    output_tokens=128,
    ppl_records=8,
    audit_records=4,
    choices=40,
    warmup_max=12,
    public_sample=4,
    run_s=780,
)

#: No GPU, no network, seconds: the same stages over invented token ids, for CI and for trying things out.
DRY = Profile(
    name="dry",
    data="invented",
    prompts=6,
    output_tokens=32,
    ppl_records=6,
    audit_records=3,
    choices=24,
    warmup_min=3,
    warmup_max=6,
    warmup_spread=0.25,
    public_sample=3,
    install_s=60,
    prepare_s=15,
    startup_s=10,
    error_grace_s=2,
    poll_s=0.05,
    request_s=5,
    stop_s=3,
    run_s=60,
)

DRY_SMOKE = replace(DRY, prompts=3, output_tokens=16, ppl_records=3, audit_records=2)

PROFILES = ("dry", "smoke", "full")


def choose_profile(names: list[str], rehearsal: bool) -> Profile:
    """The profile for one or more `--profile` words, the last one winning.

    Two words are special. `dry` sticks: a collab that runs dry passes it once, and the lane that the
    backend adds (`smoke` or `full`) then only picks the size. `auto` means dry in a rehearsal.
    """
    lanes = [name for name in names if name in ("smoke", "full")]
    lane = lanes[-1] if lanes else "full"
    dry = "dry" in names or ("auto" in names and rehearsal)
    if dry:
        return DRY_SMOKE if lane == "smoke" else DRY
    return SMOKE if lane == "smoke" else FULL
