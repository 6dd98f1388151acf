"""A deterministic stand-in for a language model: the next token is a hash of the last four and the position.

So decoding and scoring agree, as they do in a real model: what greedy decoding emits is what scoring ranks
first. Every given token gets the same probability, 1 ÷ perplexity, which makes the perplexity of any text exact.
"""
from __future__ import annotations

import hashlib
import math
import struct

VOCABULARY = 4096
#: Ids below are markers of the chat template; texts use one id per byte from here on.
FIRST_TEXT_ID = 16
BOS, TURN, END_OF_TURN = 2, 4, 5
_ORDER = 4


class ToyModel:
    def __init__(self, seed: int, ppl: float, *, ppl_per_record: bool = False, loops: bool = False):
        self.seed = seed
        self._ppl = ppl
        self._ppl_per_record = ppl_per_record
        self._loops = loops

    def best(self, ids: list[int], position: int) -> int:
        """The most probable token at `position`, given the ones before it."""
        if self._loops:
            return self._looping(ids, position)
        return FIRST_TEXT_ID + self._hash(ids, position, 0) % (VOCABULARY - FIRST_TEXT_ID)

    def second(self, ids: list[int], position: int) -> int:
        """The runner-up, never equal to the best."""
        first = self.best(ids, position)
        step = 1 + self._hash(ids, position, 1) % (VOCABULARY - FIRST_TEXT_ID - 1)
        return FIRST_TEXT_ID + (first - FIRST_TEXT_ID + step) % (VOCABULARY - FIRST_TEXT_ID)

    def logprob(self, ids: list[int]) -> float:
        """Of every given token of this request."""
        return -math.log(self.ppl(ids))

    def log_rest(self, ids: list[int]) -> float:
        """Of the most probable token where it is not the given one: all the probability that is left."""
        return math.log(1 - 1 / self.ppl(ids))

    def ppl(self, ids: list[int]) -> float:
        if not self._ppl_per_record:
            return self._ppl
        digest = hashlib.blake2b(struct.pack("<16I", *(ids + [0] * 16)[:16]), digest_size=2).digest()
        return self._ppl * (0.95 + 0.1 * int.from_bytes(digest, "little") / 65_536)

    def _looping(self, ids: list[int], position: int) -> int:
        """Falls into a cycle of four tokens at once: a broken model that is easy to draft."""
        last = ids[position - 1] if position else 0
        return 100 + (last - 99) % 4 if 100 <= last < 104 else 100

    def _hash(self, ids: list[int], position: int, salt: int) -> int:
        before = ids[max(0, position - _ORDER) : position]
        packed = struct.pack(f"<{len(before) + 3}q", self.seed, salt, position, *before)
        return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "little")


def choose_letter(seed: int, question: str) -> str:
    """What a toy of this seed answers to a question with the options A to D."""
    digest = hashlib.blake2b(f"{seed}/{question}".encode(), digest_size=1).digest()
    return "ABCD"[digest[0] % 4]


def encode_chat(text: str) -> list[int]:
    """One user message in the toy's chat template."""
    return [BOS, TURN, *(FIRST_TEXT_ID + byte for byte in text.encode("utf-8")), END_OF_TURN, TURN]


def text_of(ids: list[int]) -> str:
    """Readable stand-in for detokenising: one made-up word a token."""
    return " ".join(_word(item) for item in ids)


def _word(number: int) -> str:
    syllables = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "xu", "zy")
    return "".join(syllables[(number >> shift) & 15] for shift in (8, 4, 0))
