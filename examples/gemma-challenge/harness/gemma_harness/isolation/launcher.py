"""Starts one participant's program in its restricted surroundings. Runs as a process of its own: see `confined.py`.

Standard input holds one JSON object: {argv, cwd, env, uid, gid, hide, require_files, report_fd}. What could be enforced is
written to the descriptor `report_fd` as JSON, then this process becomes the participant's program; or ends, where
files that must be out of its sight are not.
"""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from gemma_harness.isolation import kernel, landlock  # noqa: E402


def main() -> None:
    order = json.load(sys.stdin)
    report_fd: int = order["report_fd"]
    report: dict = {}
    hidden = [Path(path) for path in order["hide"] if os.path.isdir(path)]
    # Imported now: after the next step the harness's own files are gone for this process.
    by_mount = _attempt(lambda: _cover(hidden))
    _change_user(order, report)
    kernel_blocks_privileges = _attempt(lambda: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS))
    _attempt(lambda: kernel.prctl(kernel.PR_SET_PDEATHSIG, 9))
    if by_mount is None:
        report["files"] = {"enforced": True, "by": "mount namespace"}
    else:
        by_landlock = kernel_blocks_privileges or _attempt(lambda: landlock.hide(hidden))
        if by_landlock is None:
            report["files"] = {"enforced": True, "by": "landlock"}
        else:
            report["files"] = {"enforced": False, "why": f"{by_mount}; landlock: {by_landlock}"}
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.chdir(order["cwd"])
    os.write(report_fd, json.dumps(report).encode())
    os.close(report_fd)
    if order["require_files"] and not report["files"]["enforced"]:
        sys.exit(126)
    try:
        os.execvpe(order["argv"][0], order["argv"], order["env"])
    except OSError as error:
        print(f"cannot start {order['argv'][0]!r}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


def _attempt(step) -> str | None:
    """None when the step worked, else why not."""
    try:
        step()
        return None
    except OSError as error:
        return str(error)


def _cover(hidden: list[Path]) -> None:
    """Mounts an empty, unreadable directory over each hidden one, in a mount namespace of this process only."""
    if not kernel.IS_LINUX:
        raise OSError("mount namespaces exist only on Linux")
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        kernel.unshare(kernel.CLONE_NEWNS)
    else:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
        kernel.map_own_ids(uid, gid)
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    for path in hidden:
        kernel.mount("none", str(path), "tmpfs", flags, "size=4k,mode=0000")


def _change_user(order: dict, report: dict) -> None:
    if order["uid"] is None:
        return
    os.setgroups([])
    os.setresgid(order["gid"], order["gid"], order["gid"])
    os.setresuid(order["uid"], order["uid"], order["uid"])
    report["user"] = {"enforced": True, "by": f"uid {order['uid']}"}


if __name__ == "__main__":
    main()
