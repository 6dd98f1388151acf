"""Files in the state directory: each complete or absent, and a manifest of them written last."""
from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .errors import HarnessFailure
from .hashing import file_sha256

MANIFEST_NAME = "outputs.json"
#: Rewritten during the run by design, so not part of the manifest.
VOLATILE = frozenset({"progress.json"})


def encode_json(value: Any) -> bytes:
    """Indented, sorted keys, no NaN or Infinity, a newline at the end."""
    # ASCII only: text from a server may hold lone surrogates, which UTF-8 cannot carry.
    return (json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n").encode("ascii")


class Outputs:
    """Writes into one state directory and remembers the size and hash of what it wrote."""

    def __init__(self, directory: Path):
        self.directory = directory
        self._written: dict[str, tuple[int, str]] = {}
        try:
            directory.mkdir(parents=True, exist_ok=True)
            # A manifest of an earlier run here would vouch for files that are about to change.
            (directory / MANIFEST_NAME).unlink(missing_ok=True)
            (directory / "summary.json").unlink(missing_ok=True)
        except OSError as error:
            raise HarnessFailure("state_unwritable", f"Cannot write to {directory}: {error}") from error

    def write_json(self, name: str, value: Any) -> None:
        self.write_bytes(name, encode_json(value))

    def write_bytes(self, name: str, data: bytes) -> None:
        """Writes a temporary file beside the target and renames it: a reader sees all of it or nothing."""
        target = self.directory / name
        temporary = self.directory / f".{name}.partial"
        try:
            with temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        except OSError as error:
            code = "disk_full" if error.errno == errno.ENOSPC else "state_unwritable"
            raise HarnessFailure(code, f"Cannot write {target}: {error}") from error
        if name not in VOLATILE:
            self._written[name] = (len(data), hashlib.sha256(data).hexdigest())

    def open_rows(self, name: str) -> "Rows":
        """A JSONL file that grows by whole lines, so that a run that is cut off leaves its finished rows."""
        return Rows(self, self.directory / name)

    def record(self, name: str, size: int, sha256: str) -> None:
        self._written[name] = (size, sha256)

    def finish(self, status: str, written_at: str) -> None:
        """Reads every file back, then writes outputs.json. Raises outputs_lost when a file is not what was written."""
        files = []
        for name, (size, sha256) in sorted(self._written.items()):
            path = self.directory / name
            if not path.is_file() or path.stat().st_size != size or file_sha256(path) != sha256:
                raise HarnessFailure("outputs_lost", f"{name} read back from {self.directory} is not what was written.")
            files.append({"path": name, "bytes": size, "sha256": sha256})
        self.write_bytes(
            MANIFEST_NAME,
            encode_json({"schema_version": 1, "status": status, "written_at": written_at, "files": files}),
        )


class Rows:
    def __init__(self, outputs: Outputs, path: Path):
        self._outputs = outputs
        self._path = path
        self._digest = hashlib.sha256()
        self._size = 0
        self._stream = path.open("wb")

    def append(self, row: dict) -> None:
        line = (json.dumps(row, sort_keys=True, allow_nan=False, separators=(",", ":")) + "\n").encode()
        self._stream.write(line)
        self._stream.flush()
        self._digest.update(line)
        self._size += len(line)
        self._outputs.record(self._path.name, self._size, self._digest.hexdigest())

    def close(self) -> None:
        self._outputs.record(self._path.name, self._size, self._digest.hexdigest())
        self._stream.close()

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
