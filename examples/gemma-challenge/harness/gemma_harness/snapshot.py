"""The submission that is run: a copy made while hashing it, so that what was hashed is what is measured."""
from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from .errors import HarnessFailure
from .hashing import files_sha256

MAX_FILES = 10_000
MAX_BYTES = 64 * 1024**3
_BLOCK = 4 * 1024 * 1024
#: Labels that change nothing in what runs: two manifests that differ only here are copies of each other.
LABEL_KEYS = ("name", "description")


@dataclass(frozen=True)
class Snapshot:
    root: Path
    #: relative path → (bytes, SHA-256)
    files: dict[str, tuple[int, str]]
    #: Hash of all files: the identity of the submission.
    sha256: str
    #: The same with the manifest's labels left out: equal for a submission that was copied and renamed.
    runtime_sha256: str

    @property
    def total_bytes(self) -> int:
        return sum(size for size, _ in self.files.values())


def take_snapshot(source: Path, target: Path) -> Snapshot:
    """Copies `source` to `target` (made here, readable by every user) and hashes what was copied."""
    if not source.is_dir():
        raise HarnessFailure("submission_unreadable", f"{source} is not a directory.")
    target.mkdir(mode=0o755)
    files: dict[str, tuple[int, str]] = {}
    total = 0
    for folder, names, entries in os.walk(source):
        here = Path(folder)
        names.sort()
        for name in names:
            if (here / name).is_symlink():
                raise _not_plain(here / name, source)
            (target / (here / name).relative_to(source)).mkdir(mode=0o755)
        for name in sorted(entries):
            path = here / name
            relative = path.relative_to(source).as_posix()
            if path.is_symlink() or not stat.S_ISREG(path.lstat().st_mode):
                raise _not_plain(path, source)
            total += path.stat().st_size
            if total > MAX_BYTES or len(files) >= MAX_FILES:
                limit = f"{MAX_BYTES // 1024**3} GB in {MAX_FILES} files"
                raise HarnessFailure("submission_too_large", f"The submission is larger than {limit}.")
            files[relative] = _copy(path, target / relative)
    sha256 = files_sha256((path, digest) for path, (_, digest) in files.items())
    return Snapshot(target, files, sha256, _runtime_sha256(target, files))


def _copy(source: Path, target: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            size += len(block)
            writer.write(block)
    executable = source.stat().st_mode & stat.S_IXUSR
    target.chmod(0o755 if executable else 0o644)
    return size, digest.hexdigest()


def _runtime_sha256(root: Path, files: dict[str, tuple[int, str]]) -> str:
    listed = {path: digest for path, (_, digest) in files.items()}
    try:
        manifest = json.loads((root / "manifest.json").read_bytes())
        kept = {key: value for key, value in manifest.items() if key not in LABEL_KEYS}
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        listed["manifest.json"] = hashlib.sha256(text.encode()).hexdigest()
    except (OSError, ValueError, AttributeError):
        pass  # No readable manifest: the files as they are. The manifest check reports it.
    return files_sha256(listed.items())


def _not_plain(path: Path, source: Path) -> HarnessFailure:
    return HarnessFailure("submission_unreadable", f"{path.relative_to(source)} is not a plain file or directory.")
