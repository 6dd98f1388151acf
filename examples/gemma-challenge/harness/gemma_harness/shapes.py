"""The request shapes of the contract. Timing, audit and gate use one endpoint, `/v1/completions`, with token ids."""
from __future__ import annotations

import base64
import io
import math
import struct
import wave
import zlib

from .client import encode

MODELS = "/v1/models"
COMPLETIONS = "/v1/completions"
CHAT = "/v1/chat/completions"


def decode_request(model: str, prompt_ids: list[int], output_tokens: int) -> bytes:
    """Greedy decoding of exactly `output_tokens` tokens, answered with their ids."""
    return encode(
        {
            "model": model,
            "prompt": prompt_ids,
            "max_tokens": output_tokens,
            "temperature": 0.0,
            "stream": False,
            "add_special_tokens": False,
            "ignore_eos": True,
            "return_token_ids": True,
        }
    )


def score_request(model: str, token_ids: list[int]) -> bytes:
    """Teacher forcing: the logprob of every given token. The same shape for reference texts and for audits."""
    return encode(
        {
            "model": model,
            "prompt": token_ids,
            "max_tokens": 1,
            "temperature": 0.0,
            "stream": False,
            "prompt_logprobs": 1,
            "add_special_tokens": False,
            "return_token_ids": True,
        }
    )


def chat_request(model: str, content: str | list[dict], output_tokens: int) -> bytes:
    return encode(
        {
            "model": model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": output_tokens,
            "temperature": 0.0,
            "stream": False,
            "return_token_ids": True,
        }
    )


def image_content() -> list[dict]:
    url = "data:image/png;base64," + base64.b64encode(_png(64)).decode()
    return [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "Which colour fills this picture? Answer with one word."},
    ]


def audio_content() -> list[dict]:
    data = base64.b64encode(_wav(seconds=1, hertz=440)).decode()
    return [
        {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}},
        {"type": "text", "text": "Is this speech or a tone? Answer with one word."},
    ]


def _png(side: int) -> bytes:
    """A red square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\xff\x00\x00" * side) * side
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _wav(seconds: int, hertz: int, rate: int = 16_000) -> bytes:
    """A sine tone, 16-bit mono."""
    samples = (int(12_000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(seconds * rate))
    stream = io.BytesIO()
    with wave.open(stream, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return stream.getvalue()
