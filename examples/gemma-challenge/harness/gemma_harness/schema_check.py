"""The part of JSON Schema that manifest.schema.json uses, checked without a library."""
from __future__ import annotations

import difflib
import json
import re
from typing import Any, Iterator

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def violations(value: Any, schema: dict, path: tuple = ()) -> Iterator[tuple[tuple, str]]:
    """Yields (path, message) for everything in `value` that `schema` does not allow."""
    allowed = schema.get("type")
    if allowed is not None:
        names = [allowed] if isinstance(allowed, str) else allowed
        if not any(_is(value, name) for name in names):
            yield path, f"must be {' or '.join(map(_article, names))}, not {_describe(value)}"
            return
    for part in schema.get("allOf", []):
        yield from violations(value, part, path)
    if "enum" in schema and value not in schema["enum"]:
        yield path, f"must be one of {', '.join(map(json.dumps, schema['enum']))}"
    if isinstance(value, str):
        yield from _string(value, schema, path)
    elif isinstance(value, list):
        yield from _array(value, schema, path)
    elif isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            yield path, f"must be between {schema.get('minimum')} and {schema.get('maximum')}, not {value}"


def _string(value: str, schema: dict, path: tuple) -> Iterator[tuple[tuple, str]]:
    if len(value) < schema.get("minLength", 0):
        yield path, "must not be empty"
    elif len(value) > schema.get("maxLength", len(value)):
        yield path, f"must be at most {schema['maxLength']} characters long, not {len(value)}"
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield path, schema.get("description") or f"must match {schema['pattern']}"


def _array(value: list, schema: dict, path: tuple) -> Iterator[tuple[tuple, str]]:
    if len(value) < schema.get("minItems", 0):
        yield path, "must not be empty"
    if len(value) > schema.get("maxItems", len(value)):
        yield path, f"must have at most {schema['maxItems']} items, not {len(value)}"
    for index, item in enumerate(value):
        yield from violations(item, schema.get("items", {}), (*path, index))


def _object(value: dict, schema: dict, path: tuple) -> Iterator[tuple[tuple, str]]:
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield path, f'the key "{name}" is missing'
    if len(value) > schema.get("maxProperties", len(value)):
        yield path, f"must have at most {schema['maxProperties']} keys, not {len(value)}"
    for key, item in value.items():
        here = (*path, key)
        if key in known:
            yield from violations(item, known[key], here)
            continue
        names = schema.get("propertyNames")
        if names is not None:
            yield from violations(key, names, here)
        rest = schema.get("additionalProperties", True)
        if rest is False:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f': did you mean "{close[0]}"?' if close else f"; known keys: {', '.join(known)}"
            yield here, f"unknown key{hint}"
        elif isinstance(rest, dict):
            yield from violations(item, rest, here)


def _is(value: Any, name: str) -> bool:
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def _article(name: str) -> str:
    return name if name == "null" else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _describe(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
