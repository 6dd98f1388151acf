"""The optional last stage: long question sets with reasoning, where the command line asks for them.

Its problems never cost a run its score: they stand in its own block, and the fields that a track may ask for stay away.
"""
from __future__ import annotations

import shutil
import subprocess

from ..evals import LOCK, EvalProblem, Target, evals_block, find_inspect, read_reference, run_sets, sample_rows, top_fields
from ..run_state import Run


def skipped(run: Run) -> str | None:
    """Why this run asks no long questions; None when it does."""
    if run.profile.data == "invented":
        return "a dry run"
    if run.profile.name != "full":
        return f"the {run.profile.name} lane"
    return None


def prepare_evals(run: Run) -> None:
    """Installs the tool while there is a network, unless the image has it. What goes wrong shows in the stage."""
    environment = run.work / "evals" / "venv"
    uv = shutil.which("uv")
    if not run.settings.evals or skipped(run) or find_inspect(environment) or uv is None:
        return
    # Made here and closed to others: the questions pass through it.
    environment.parent.mkdir(mode=0o700)
    venv = [uv, "venv", "--no-config", "--python", "3.12", str(environment)]
    install = [uv, "pip", "install", "--no-config", "--python", str(environment / "bin" / "python"), "--require-hashes"]
    for argv in (venv, [*install, "--no-deps", "-r", str(LOCK)]):
        seconds = run.deadline.at_most(run.profile.install_s)
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
        except (OSError, subprocess.SubprocessError) as error:
            run.progress.line(f"inspect-ai was not installed: {error}")
            return
        if done.returncode != 0:
            run.progress.line(f"inspect-ai was not installed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
            shutil.rmtree(environment, ignore_errors=True)
            return


def run_evals(run: Run) -> None:
    tasks = list(run.settings.evals)
    if not tasks:
        return
    why = skipped(run)
    if why is not None:
        run.evals = {"status": "skipped", "message": f"Not asked in {why}."}
        return
    folder = (run.settings.private_dir or run.settings.public_data) / "evals"
    work = run.work / "evals"
    work.mkdir(mode=0o700, exist_ok=True)
    target = Target(run.base_url, run.manifest.served_model_name)
    seconds = run.settings.evals_minutes * 60
    results = run_sets(tasks, folder, target, work / "venv", work, seconds, run.progress.line)
    try:
        reference = read_reference(folder)
    except EvalProblem as problem:
        run.progress.line(str(problem))
        reference = {}
    run.evals = evals_block(results, reference)
    run.eval_fields = top_fields(run.evals, run.limits.choice_chance_min)
    with run.outputs.open_rows("eval_results.jsonl") as rows:
        for row in sample_rows(results):
            rows.append(row)
    run.outputs.write_json("eval_summary.json", run.evals)
    for result in results:
        if result.log is not None:
            run.outputs.write_bytes(f"eval_log_{result.task}.json", result.log)
