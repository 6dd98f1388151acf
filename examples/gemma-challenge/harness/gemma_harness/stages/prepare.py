"""What needs the network: installs, weights, the submission's prepare command. After it the network is gone."""
from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from ..errors import HarnessFailure
from ..isolation import kernel
from ..isolation.confined import choose_confinement
from ..isolation.network import enter_empty_network
from ..manifest import PYTHON_NAMES, Manifest
from ..run_state import Run
from ..server_process import ServerProcess
from ..settings import HARNESS_DIR
from .evals import prepare_evals

#: What a program's last words say about the machine rather than the submission.
_UNREACHABLE = re.compile(
    r"dns error|connection (refused|reset|error)|connect ?timeout|timed out|temporary failure in name|error sending request"
    r"|50[234] (server error|bad gateway|service unavailable)",
    re.I,
)
_NO_SPACE = re.compile(r"no space left on device", re.I)
_NO_HUB_CLIENT = re.compile(r"No module named 'huggingface_hub'")

_UNREACHABLE_REASONS = {
    "dependency_install_failed": "package_index_unreachable",
    "model_unavailable": "hub_unreachable",
}

_DOWNLOAD = """
import sys
from huggingface_hub import snapshot_download
print(snapshot_download(sys.argv[1], revision=sys.argv[2] or None))
"""


def prepare(run: Run) -> None:
    hidden = [HARNESS_DIR, run.settings.state_dir]
    if run.settings.private_dir is not None:
        hidden.append(run.settings.private_dir)
    run.confinement = choose_confinement(hidden, run.work, run.settings.require)
    run.isolation = run.confinement.report
    run.confinement.check_required("user")
    _make_home(run)
    manifest = run.manifest
    if manifest.dependencies or manifest.lock:
        _install(run, manifest)
    inside = run.snapshot.root / manifest.model_id
    run.model_path = str(inside) if inside.exists() else manifest.model_id
    if run.profile.data != "invented" and not inside.exists():
        _download_model(run, manifest)
    prepare_evals(run)
    if manifest.prepare:
        argv = resolve_command(run, manifest.prepare)
        _run_confined(run, argv, run.profile.prepare_s, "prepare_failed", "prepare", manifest.env)
    _isolate(run)


def resolve_command(run: Run, command: list[str]) -> list[str]:
    """The program to start: the server's Python, a script or program of the submission, or one of the image."""
    root, python = run.snapshot.root, server_python(run)
    first, *rest = command
    if first in PYTHON_NAMES:
        return [python, *rest]
    if first.endswith(".py"):
        return [python, str(root / first), *rest]
    if (root / first).is_file():
        return [str(root / first), *rest]
    beside = Path(python).parent / first
    return [str(beside) if beside.is_file() else first, *rest]


def server_python(run: Run) -> str:
    venv = run.work / "home" / "venv" / "bin" / "python"
    return str(venv) if venv.exists() else run.confinement.python


def _make_home(run: Run) -> None:
    home = run.home()
    for folder in (home, home / "tmp", home / "hf"):
        folder.mkdir(mode=0o700)
        if run.confinement.uid is not None:
            os.chown(folder, run.confinement.uid, run.confinement.uid)


def _install(run: Run, manifest: Manifest) -> None:
    """A virtual environment over the image's own packages, so that an engine in the image is not installed again."""
    uv = shutil.which("uv")
    if uv is None:
        raise HarnessFailure("tool_missing", "The manifest asks for packages, and the image has no uv to install them.")
    venv, python = str(run.home() / "venv"), run.confinement.python
    made = [uv, "venv", "--no-config", "--system-site-packages", "--python", python, venv]
    _run_confined(run, made, run.profile.install_s, "dependency_install_failed", "venv", {})
    install = [uv, "pip", "install", "--no-config", "--python", f"{venv}/bin/python"]
    if manifest.lock:
        locked = [*install, "--require-hashes", "--no-deps", "-r", str(run.snapshot.root / manifest.lock)]
        _run_confined(run, locked, run.profile.install_s, "dependency_install_failed", "install", {})
    if manifest.dependencies:
        # "--" keeps a dependency from being read as an option.
        listed = [*install, "--", *manifest.dependencies]
        _run_confined(run, listed, run.profile.install_s, "dependency_install_failed", "install", {})


def _download_model(run: Run, manifest: Manifest) -> None:
    if not manifest.model_revision:
        run.diagnostics["model_unpinned"] = True
    argv = [server_python(run), "-c", _DOWNLOAD, manifest.model_id, manifest.model_revision or ""]
    process = _run_confined(run, argv, run.profile.prepare_s, "model_unavailable", "download", {})
    # The last line is the snapshot's folder, named after the commit: what is really loaded, also when offline.
    run.model_path = process.log.last_lines(1)[-1]
    run.diagnostics["model_commit"] = Path(run.model_path).name


def _run_confined(
    run: Run, argv: list[str], seconds: float, reason: str, label: str, env: dict[str, str]
) -> ServerProcess:
    limit = run.deadline.at_most(seconds)
    environment = run.confinement.environment(run.home(), env)
    process = ServerProcess(
        run.confinement, argv, run.snapshot.root, environment, lambda line: run.progress.line(line, label)
    )
    try:
        code = process.wait(limit)
    finally:
        process.stop(1)
    if code == 0:
        return process
    said = "\n".join(process.log.last_lines())
    if _NO_SPACE.search(said):
        reason = "disk_full"
    elif _NO_HUB_CLIENT.search(said) and reason == "model_unavailable":
        reason = "tool_missing"
    elif _UNREACHABLE.search(said):
        reason = _UNREACHABLE_REASONS.get(reason, reason)
    ending = f"took longer than {limit:.0f} s" if code is None else f"ended with exit code {code}"
    raise HarnessFailure(reason, f"{label} {ending}.", {"last_lines": process.log.last_lines()})


def _isolate(run: Run) -> None:
    try:
        run.isolation["network"] = {"enforced": True, "by": enter_empty_network()}
    except OSError as error:
        run.isolation["network"] = {"enforced": False, "why": str(error)}
    run.confinement.check_required("network")
    if kernel.IS_LINUX:
        try:
            # Closes /proc/<harness>/… to other processes of the same user, which matters without a second user.
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        except OSError:
            pass
