"""A strict JSON reader that remembers the line of every value, so that a manifest's errors can name one.

The standard library only gives positions for syntax errors, accepts NaN and Infinity, and keeps the
last of two equal keys without a word.
"""
from __future__ import annotations

import json
from json.decoder import scanstring
from typing import Any
import re

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_SPACE = re.compile(r"[ \t\r\n]*")
_LITERALS = {"true": True, "false": False, "null": None}
MAX_DEPTH = 32

Path = tuple  # of keys (str) and indices (int)


class JsonError(ValueError):
    """A syntax error, with its 1-based line and column."""

    def __init__(self, message: str, text: str, offset: int):
        super().__init__(message)
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - text.rfind("\n", 0, offset)


def read(text: str) -> tuple[Any, dict[Path, int]]:
    """The value, and the line on which each value (for a member: its key) begins, by path."""
    reader = _Reader(text)
    value = reader.value(reader.skip(0), ())
    end = reader.skip(reader.at)
    if end != len(text):
        raise JsonError("text after the end of the document", text, end)
    return value, reader.lines


class _Reader:
    def __init__(self, text: str):
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}

    def skip(self, offset: int) -> int:
        match = _SPACE.match(self.text, offset)
        return match.end() if match else offset

    def note(self, path: Path, offset: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, offset) + 1)

    def value(self, offset: int, path: Path) -> Any:
        text = self.text
        if len(path) > MAX_DEPTH:
            raise JsonError(f"nested deeper than {MAX_DEPTH} levels", text, offset)
        self.note(path, offset)
        first = text[offset : offset + 1]
        if first == "{":
            return self.object(offset, path)
        if first == "[":
            return self.array(offset, path)
        if first == '"':
            value, self.at = self.string(offset)
            return value
        for word, value in _LITERALS.items():
            if text.startswith(word, offset):
                self.at = offset + len(word)
                return value
        number = _NUMBER.match(text, offset)
        if not number:
            raise JsonError("a value was expected here" if first else "the document ends too early", text, offset)
        self.at = number.end()
        return json.loads(number.group())

    def string(self, offset: int) -> tuple[str, int]:
        try:
            return scanstring(self.text, offset + 1, True)
        except json.JSONDecodeError as error:
            raise JsonError(error.msg, self.text, error.pos) from None

    def object(self, offset: int, path: Path) -> dict:
        text, result = self.text, {}
        at = self.skip(offset + 1)
        if text[at : at + 1] == "}":
            self.at = at + 1
            return result
        while True:
            if text[at : at + 1] != '"':
                raise JsonError("a key in double quotes was expected here", text, at)
            key, after = self.string(at)
            if key in result:
                raise JsonError(f"the key {json.dumps(key)} is there twice", text, at)
            self.note((*path, key), at)
            after = self.skip(after)
            if text[after : after + 1] != ":":
                raise JsonError(f"':' was expected after the key {json.dumps(key)}", text, after)
            result[key] = self.value(self.skip(after + 1), (*path, key))
            at, done = self.separator("}")
            if done:
                return result

    def array(self, offset: int, path: Path) -> list:
        result: list = []
        at = self.skip(offset + 1)
        if self.text[at : at + 1] == "]":
            self.at = at + 1
            return result
        while True:
            result.append(self.value(at, (*path, len(result))))
            at, done = self.separator("]")
            if done:
                return result

    def separator(self, close: str) -> tuple[int, bool]:
        at = self.skip(self.at)
        found = self.text[at : at + 1]
        if found == close:
            self.at = at + 1
            return at, True
        if found != ",":
            raise JsonError(f"',' or '{close}' was expected here", self.text, at)
        return self.skip(at + 1), False
