"""What the stub is told to do wrong, from the manifest's `env`. README.md beside this file lists the switches."""
from __future__ import annotations

import os
from dataclasses import dataclass, field

#: Switches that take a number after `=`, and those that do not.
NUMBERED = {"early-eos", "diverge", "tie", "loop", "oom-above", "hang-after", "die-after", "slow-death", "lie-usage"}
PLAIN = {
    "drop-token-ids",
    "echo-prompt",
    "drop-logprobs",
    "omit-logprob",
    "infinite-logprob",
    "inflated-logprobs",
    "hide-alternatives",
    "two-faced",
    "looping-model",
    "no-image",
    "no-audio",
    "chat-fails",
    "chat-disagrees",
    "bad-json",
    "refuse",
    "forgetful",
    "leave-orphan",
}


@dataclass(frozen=True)
class Settings:
    port: int
    host: str
    model: str
    seed: int
    tps: float
    #: Rate for prompts listed in public_prompts.json; the same as `tps` when there is no such list.
    public_tps: float
    jitter: float
    ppl: float
    ppl_per_record: bool
    startup_s: float
    #: ok, loading (503 for ever), loading-first (503, then 200), errors (500 for ever) or silent.
    ready: str
    exit_code: int | None
    snoop: list[str]
    faults: dict[str, float] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return name in self.faults

    def number(self, name: str) -> int | None:
        return int(self.faults[name]) if name in self.faults else None


def read_settings() -> Settings:
    env = os.environ.get
    tps = float(env("STUB_TPS", "1000"))
    return Settings(
        port=int(env("PORT", "8000")) + (1 if env("STUB_WRONG_PORT") == "true" else 0),
        host=env("HOST", "127.0.0.1"),
        model=env("SERVED_MODEL_NAME", "gemma-4-e4b-it"),
        seed=int(env("STUB_SEED", "1")),
        tps=tps,
        public_tps=float(env("STUB_PUBLIC_TPS", str(tps))),
        jitter=float(env("STUB_JITTER", "0.02")),
        ppl=float(env("STUB_PPL", "2.2")),
        ppl_per_record=env("STUB_PPL_PER_RECORD") == "true",
        startup_s=float(env("STUB_STARTUP_S", "0")),
        ready=env("STUB_READY", "ok"),
        exit_code=int(code) if (code := env("STUB_EXIT_CODE")) else None,
        snoop=[part for part in env("STUB_SNOOP", "").split(",") if part],
        faults=read_faults(env("STUB_FAULTS", "")),
    )


def read_faults(text: str) -> dict[str, float]:
    faults: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, number = part.partition("=")
        if name in NUMBERED and number:
            faults[name] = float(number)
        elif name in PLAIN and not number:
            faults[name] = 1.0
        else:
            raise SystemExit(f"STUB_FAULTS: unknown switch {part!r}; known: {', '.join(sorted(NUMBERED | PLAIN))}")
    return faults
