"""The command line of a run."""
from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping
from urllib.parse import urlsplit

from .evals import SETS
from .profiles import PROFILES, Profile, choose_profile

HARNESS_DIR = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("user", "files", "network")


@dataclass(frozen=True)
class Settings:
    submission_dir: Path
    state_dir: Path
    private_dir: Path | None
    profile: Profile
    #: Parts of the isolation without which the run must not start.
    require: tuple[str, ...]
    work_root: Path
    seed: int | None
    #: Long question sets for inspect-ai; none unless asked for, and never in a dry run.
    evals: tuple[str, ...] = ()
    evals_minutes: float = 60

    @property
    def public_data(self) -> Path:
        return HARNESS_DIR / "data" / self.profile.data

    @property
    def is_private(self) -> bool:
        return self.private_dir is not None


def parse_settings(argv: list[str]) -> Settings:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Serves a submission, measures its speed, and checks that it is still the model.",
        epilog="Exit status: 0 completed, 2 usage, 10 submission error, 11 timeout, 12 infrastructure, 13 canceled.",
    )
    parser.add_argument("--submission-dir", type=Path, required=True, help="directory with manifest.json; only read")
    parser.add_argument("--state-dir", type=Path, required=True, help="directory for summary.json and the other outputs")
    parser.add_argument("--private-dir", type=Path, help="held-out data of the same shape; makes this a verification run")
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        choices=(*PROFILES, "auto"),
        help="how much to measure (default full); dry needs no GPU, auto is dry in a rehearsal; may be given twice",
    )
    parser.add_argument(
        "--require",
        action="append",
        default=[],
        choices=REQUIREMENTS,
        help="refuse to run where this part of the isolation cannot be enforced; may be given several times",
    )
    parser.add_argument("--work-dir", type=Path, default=Path(tempfile.gettempdir()), help="scratch space (default: the system's)")
    parser.add_argument("--seed", type=int, help="order of the scoring requests (default: random, kept in the summary)")
    parser.add_argument(
        "--evals",
        action="append",
        default=[],
        choices=tuple(SETS),
        help="after the measurement, ask this question set with inspect-ai (full lane only); may be given several times",
    )
    parser.add_argument("--evals-minutes", type=float, default=60, help="for all sets together, beside the run's own limit")
    options = parser.parse_args(argv)
    profile = choose_profile(options.profile, is_rehearsal(os.environ, has_gpu()))
    return Settings(
        submission_dir=options.submission_dir.absolute(),
        state_dir=options.state_dir.absolute(),
        private_dir=options.private_dir.absolute() if options.private_dir else None,
        profile=profile,
        require=requirements(options.require, profile, options.private_dir is not None),
        work_root=options.work_dir.absolute(),
        seed=options.seed,
        evals=tuple(dict.fromkeys(options.evals)),
        evals_minutes=options.evals_minutes,
    )


def requirements(named: list[str], profile: Profile, private: bool) -> tuple[str, ...]:
    """Real private data is never mounted beside a program that could read it; invented data may be."""
    implied = ["files"] if private and profile.data != "invented" else []
    return tuple(dict.fromkeys([*implied, *named]))


def is_rehearsal(env: Mapping[str, str], gpu: bool) -> bool:
    """On a local hub, whatever the machine has; and by hand on a machine without a GPU.

    Never in a Job of the real Hub: a machine whose GPU is broken must fail there, not score invented data.
    """
    host = urlsplit(env.get("HF_ENDPOINT", "")).hostname
    if host in ("localhost", "127.0.0.1", "::1"):
        return True
    return not gpu and "JOB_ID" not in env


def has_gpu() -> bool:
    return os.path.exists("/dev/nvidia0") or os.path.exists("/dev/nvidiactl")
