"""Landlock: a process gives up access to files, without any privilege (Linux 5.13 and later).

It is an allow list, so hiding a directory means allowing its siblings, all the way down from the root.
"""
from __future__ import annotations

import ctypes
import os
import stat
from pathlib import Path

from . import kernel

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_VERSION = 1
#: Rights that the kernel knows, by version of the interface; a right it does not know is refused.
_RIGHTS_BY_VERSION = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF, 5: 0xFFFF}
#: execute, write, read, truncate, ioctl: what makes sense on something that is not a directory.
_FILE_RIGHTS = 0x1 | 0x2 | 0x4 | 0x4000 | 0x8000


class _RulesetAttr(ctypes.Structure):
    _fields_ = [("handled_access_fs", ctypes.c_uint64)]


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def hide(paths: list[Path]) -> None:
    """Takes this process's access to `paths` and everything below; raises OSError where the kernel lacks Landlock.

    no_new_privs must be set. Children inherit the restriction and cannot lift it.
    """
    version = kernel.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    rights = _RIGHTS_BY_VERSION[min(version, max(_RIGHTS_BY_VERSION))]
    attr = _RulesetAttr(rights)
    size = ctypes.c_size_t(ctypes.sizeof(attr))
    ruleset = kernel.syscall(_CREATE_RULESET, ctypes.byref(attr), size, ctypes.c_uint32(0))
    try:
        for path in _siblings_on_the_way({path.resolve() for path in paths}):
            _allow(ruleset, path, rights)
        kernel.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _siblings_on_the_way(hidden: set[Path]) -> list[Path]:
    """Everything to allow so that exactly `hidden` stays out of reach."""
    passages = {parent for path in hidden for parent in path.parents}
    allowed = []
    for passage in passages - hidden:
        if any(parent in hidden for parent in passage.parents):
            continue
        try:
            entries = sorted(passage.iterdir())
        except OSError:
            continue
        allowed += [entry for entry in entries if entry not in hidden and entry not in passages]
    return allowed


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        rule = _PathBeneathAttr(rights if is_directory else rights & _FILE_RIGHTS, descriptor)
        arguments = (ctypes.c_int(ruleset), ctypes.c_int(_RULE_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
        kernel.syscall(_ADD_RULE, *arguments)
    except OSError:
        pass  # An entry that cannot be allowed stays hidden, which is the safe side.
    finally:
        os.close(descriptor)
