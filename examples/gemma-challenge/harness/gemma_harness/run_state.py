"""What the stages share and add to."""
from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .client import Answer, Client
from .clock import Deadline
from .dataset import Dataset
from .errors import HarnessFailure
from .gates import Gates, Limits
from .isolation.confined import Confinement
from .manifest import Manifest
from .outputs import Outputs
from .progress import Progress
from .server_process import ServerProcess
from .settings import Settings
from .snapshot import Snapshot


@dataclass
class TimedRecord:
    """One request of the timed pass."""

    id: str
    prompt_ids: list[int]
    token_ids: list[int]
    text: str
    usage_tokens: int | None
    source: str
    seconds: float


@dataclass
class Run:
    settings: Settings
    outputs: Outputs
    progress: Progress
    deadline: Deadline
    work: Path
    limits: Limits
    gates: Gates = field(default_factory=Gates)
    #: Numbers that explain a run and never rank it.
    diagnostics: dict[str, Any] = field(default_factory=dict)
    isolation: dict[str, dict] = field(default_factory=dict)
    score: dict[str, float] = field(default_factory=dict)
    #: Percent of right answers by question set, under the set's name.
    accuracy: dict[str, float] = field(default_factory=dict)
    #: The block of the long question sets, and its fields beside the score; None where nobody asked for them.
    evals: dict | None = None
    eval_fields: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    #: The data that is timed and scored: the private set in a verification run.
    data: Dataset | None = None
    public: Dataset | None = None
    manifest: Manifest | None = None
    snapshot: Snapshot | None = None
    #: What the server gets as MODEL_ID: a folder where the weights are already on this machine.
    model_path: str = ""
    confinement: Confinement | None = None
    server: ServerProcess | None = None
    #: Where the server listens.
    base_url: str = ""
    client: Client | None = None
    timed: list[TimedRecord] = field(default_factory=list)

    @property
    def profile(self):
        return self.settings.profile

    def post(self, path: str, body: bytes, doing: str) -> Any:
        """Sends a request and returns the JSON of the answer; anything else ends the run with a typed failure."""
        answer = self.exchange(path, body)
        if not answer.ok:
            raise self.server.failure(answer, doing)
        return self.decoded(answer, doing)

    def exchange(self, path: str, body: bytes) -> Answer:
        seconds = self.deadline.at_most(self.profile.request_s)
        answer = self.client.post(path, body, seconds)
        if not answer.ok:
            self.deadline.check()
        return answer

    @staticmethod
    def decoded(answer: Answer, doing: str) -> Any:
        try:
            return answer.json()
        except (ValueError, RecursionError):
            message = f"The answer while {doing} is not JSON: {answer.excerpt(120)}"
            raise HarnessFailure("bad_response", message) from None

    def home(self) -> Path:
        return self.work / "home"


def new_run(settings: Settings, outputs: Outputs, limits: Limits) -> Run:
    work = Path(tempfile.mkdtemp(prefix="gemma-", dir=settings.work_root))
    # The server's user passes through; what is private inside has its own permissions.
    work.chmod(0o755)
    return Run(
        settings=settings,
        outputs=outputs,
        progress=Progress(outputs),
        deadline=Deadline(settings.profile.run_s),
        work=work,
        limits=limits,
        seed=secrets.randbits(32) if settings.seed is None else settings.seed,
    )


def remove_work(run: Run) -> None:
    shutil.rmtree(run.work, ignore_errors=True)
