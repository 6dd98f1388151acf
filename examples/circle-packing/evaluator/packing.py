"""The exact check of a packing: rational arithmetic, no tolerance, bounded work for any input.

harness/ and evaluator/ are deployed apart from each other, so each has this file; a test keeps them equal.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

COUNT = 26
#: 26 triples of numbers of the greatest length fit several times.
MAX_FILE_BYTES = 64 * 1024
MAX_NUMBER_CHARACTERS = 120
#: With this bound a number has at most 220 digits, and the whole check takes milliseconds.
MAX_EXPONENT = 100
#: Decimals of the score, always rounded down: few enough that a float prints them unchanged.
SCORE_DECIMALS = 12

_DECIMAL = re.compile(r"([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?", re.ASCII)
_FRACTION = re.compile(r"([+-]?\d+)/(\d+)", re.ASCII)


class PackingError(Exception):
    """Why a packing does not count: a stable code, and a sentence that names the circle."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Circle:
    x: Fraction
    y: Fraction
    r: Fraction


def exact_number(value: object) -> Fraction:
    """The number exactly as written; raises bad_number for anything that is not a bounded decimal or fraction."""
    if not isinstance(value, str):
        raise PackingError("bad_number", f"{_shown(value)} is not a number.")
    text = value.strip()
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise PackingError("bad_number", f"{_shown(text)} is longer than {MAX_NUMBER_CHARACTERS} characters.")
    if match := _FRACTION.fullmatch(text):
        if int(match[2]) == 0:
            raise PackingError("bad_number", f"{_shown(text)} divides by zero.")
        return Fraction(int(match[1]), int(match[2]))
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise PackingError("bad_number", f"{_shown(text)} is not a finite decimal or a fraction.")
    sign, whole, decimals, exponent = match[1], match[2], match[3] or "", int(match[4] or "0")
    if abs(exponent) > MAX_EXPONENT:
        raise PackingError("bad_number", f"{_shown(text)} has an exponent beyond {MAX_EXPONENT}.")
    number = Fraction(int(whole + decimals)) * Fraction(10) ** (exponent - len(decimals))
    return -number if sign == "-" else number


def read_circles(data: bytes) -> list[Circle]:
    """The circles of a `circles.json`; raises PackingError."""
    if len(data) > MAX_FILE_BYTES:
        raise PackingError("bad_file", f"circles.json is larger than {MAX_FILE_BYTES} bytes.")
    try:
        # Numbers stay the text they are: a float would change them before the check.
        document = json.loads(data, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise PackingError("bad_file", f"circles.json is not JSON: {str(error)[:100]}") from None
    triples = document.get("circles") if isinstance(document, dict) else None
    if not isinstance(triples, list):
        raise PackingError("bad_file", 'circles.json must be {"circles": [[x, y, r], …]}.')
    if len(triples) != COUNT:
        raise PackingError("wrong_count", f"There are {len(triples)} circles, not {COUNT}.")
    return [_circle(index, triple) for index, triple in enumerate(triples)]


def check_packing(circles: list[Circle]) -> Fraction:
    """The exact sum of the radii; raises PackingError for the first rule that is broken."""
    for index, circle in enumerate(circles):
        if circle.r <= 0:
            raise PackingError("bad_radius", f"Circle {index} has the radius {approximate(circle.r)}.")
        for name, value in (("x", circle.x), ("y", circle.y)):
            beyond = max(circle.r - value, value + circle.r - 1)
            if beyond > 0:
                message = f"Circle {index} leaves the square in {name} by {approximate(beyond)}."
                raise PackingError("outside", message)
    for (i, one), (j, other) in combinations(enumerate(circles), 2):
        missing = (one.r + other.r) ** 2 - (one.x - other.x) ** 2 - (one.y - other.y) ** 2
        if missing > 0:
            # d = R - (R² - d²) / (R + d) with d close to R: good enough for a message.
            overlap = missing / (2 * (one.r + other.r))
            raise PackingError("overlap", f"Circles {i} and {j} overlap by about {approximate(overlap)}.")
    return sum((circle.r for circle in circles), Fraction(0))


def score_text(total: Fraction) -> str:
    """The sum with `SCORE_DECIMALS` decimals, rounded down, so that a claim made from it is never too high."""
    scaled = total.numerator * 10**SCORE_DECIMALS // total.denominator
    whole, decimals = divmod(scaled, 10**SCORE_DECIMALS)
    return f"{whole}.{decimals:0{SCORE_DECIMALS}d}"


def approximate(number: Fraction) -> str:
    """A few digits for a message, also for numbers that no float can hold."""
    try:
        return f"{float(number):.3g}" if float(number) != 0 or number == 0 else "less than 1e-300"
    except OverflowError:
        return "more than 1e300"


def _circle(index: int, triple: object) -> Circle:
    if not isinstance(triple, list) or len(triple) != 3:
        raise PackingError("bad_file", f"Circle {index} is not a list of three numbers: x, y, r.")
    try:
        return Circle(*(exact_number(value) for value in triple))
    except PackingError as error:
        raise PackingError(error.code, f"Circle {index}: {error}") from None


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
