"""Everything that can be refused before anything is started or paid for in minutes."""
from __future__ import annotations

from ..dataset import load_dataset
from ..manifest import load_manifest
from ..run_state import Run
from ..snapshot import take_snapshot


def validate(run: Run) -> None:
    settings, profile = run.settings, run.profile
    run.snapshot = take_snapshot(settings.submission_dir, run.work / "submission")
    run.manifest = load_manifest(run.snapshot.root)
    sizes = {"prompts": profile.prompts, "references": profile.ppl_records, "choices": profile.choices}
    invented = profile.data == "invented"
    run.public = load_dataset(settings.public_data, **sizes, invented=invented)
    run.data = run.public
    if settings.private_dir is not None:
        run.data = load_dataset(settings.private_dir, **sizes, invented=invented)
    run.progress.line(f"submission {run.snapshot.sha256[:16]}, {len(run.snapshot.files)} files")
