"""The timed pass: every prompt once, one at a time, and the token ids of what was timed are what is audited."""
from __future__ import annotations

import queue
import statistics
import threading
import time

from ..dataset import Prompt
from ..hashing import capture_fingerprint, text_sha256, token_sha256
from ..outputs import Rows
from ..repetition import is_loop
from ..responses import parse_completion
from ..run_state import Run, TimedRecord
from ..shapes import COMPLETIONS, decode_request


def timed_pass(run: Run) -> None:
    records, seconds = decode_all(run, run.data.prompts, "decode_outputs.jsonl", run.timed)
    tokens = sum(len(record.token_ids) for record in records)
    run.score["tps"] = tokens / seconds
    _gate_counts(run, records, tokens)
    loops = [record.id for record in records if is_loop(record.token_ids)]
    run.gates.at_most(
        "loop_share",
        len(loops) / len(records),
        run.limits.loop_share_max,
        "repetition_loop",
        f"{len(loops)} of {len(records)} timed outputs are repetition loops",
    )
    run.diagnostics["timed"] = _statistics(records, seconds, tokens)
    if run.settings.is_private:
        _compare_with_public(run)


def decode_all(
    run: Run, prompts: list[Prompt], file: str, records: list[TimedRecord]
) -> tuple[list[TimedRecord], float]:
    """Decodes `prompts` one after the other into `records`; the seconds are wall time over all of them.

    Rows are written by a second thread, so that a slow state directory does not slow the clock, and a run
    that is cut off still leaves the finished ones.
    """
    model, output_tokens = run.manifest.served_model_name, run.profile.output_tokens
    bodies = [decode_request(model, prompt.token_ids, output_tokens) for prompt in prompts]
    with run.outputs.open_rows(file) as rows, _RowWriter(run, rows, len(prompts)) as writer:
        begin = time.perf_counter()
        for index, (prompt, body) in enumerate(zip(prompts, bodies)):
            sent = time.perf_counter()
            answer = run.post(COMPLETIONS, body, f"decoding prompt {prompt.id}")
            seconds = time.perf_counter() - sent
            completion = parse_completion(answer, prompt.token_ids)
            record = TimedRecord(
                prompt.id,
                prompt.token_ids,
                completion.token_ids,
                completion.text,
                completion.usage_tokens,
                completion.source,
                seconds,
            )
            records.append(record)
            writer.put(index, record)
        elapsed = time.perf_counter() - begin
    return records, elapsed


class _RowWriter:
    def __init__(self, run: Run, rows: Rows, total: int):
        self._run, self._rows, self._total = run, rows, total
        self._queue: queue.SimpleQueue[tuple[int, TimedRecord] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._error: OSError | None = None

    def put(self, index: int, record: TimedRecord) -> None:
        self._queue.put((index, record))

    def __enter__(self) -> "_RowWriter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        while (item := self._queue.get()) is not None:
            index, record = item
            try:
                self._rows.append(decode_row(index, record))
            except OSError as error:
                self._error = error
                return
            self._run.progress.fraction(index + 1, self._total)


def decode_row(index: int, record: TimedRecord) -> dict:
    """A line of decode_outputs.jsonl."""
    return {
        "id": record.id,
        "index": index,
        "prompt_token_ids": record.prompt_ids,
        "prompt_token_sha256": token_sha256(record.prompt_ids),
        "generated_text": record.text,
        "text_sha256": text_sha256(record.text.encode("utf-8", "replace").decode("utf-8")),
        "completion_token_ids": record.token_ids,
        "completion_token_sha256": token_sha256(record.token_ids),
        "num_prompt_tokens": len(record.prompt_ids),
        "num_completion_tokens": len(record.token_ids),
        "usage_completion_tokens": record.usage_tokens,
        "token_id_source": record.source,
        "seconds": record.seconds,
    }


def _gate_counts(run: Run, records: list[TimedRecord], tokens: int) -> None:
    wanted = run.profile.output_tokens
    complete = sum(len(record.token_ids) == wanted for record in records)
    detail = f"{complete} of {len(records)} outputs have {wanted} tokens"
    run.gates.equal("completed", complete, len(run.data.prompts), "short_output", detail)
    lied = [record.id for record in records if record.usage_tokens != len(record.token_ids)]
    claimed = sum(record.usage_tokens or 0 for record in records)
    detail = f"usage.completion_tokens says {claimed}, the returned ids are {tokens}"
    run.gates.equal("usage_mismatches", len(lied), 0, "usage_mismatch", detail)


def _statistics(records: list[TimedRecord], seconds: float, tokens: int) -> dict:
    latencies = sorted(record.seconds for record in records)
    return {
        "duration_s": seconds,
        "requests": len(records),
        "output_tokens": tokens,
        "prompt_tokens": sum(len(record.prompt_ids) for record in records),
        "mean_latency_s": statistics.fmean(latencies),
        "median_latency_s": statistics.median(latencies),
        "max_latency_s": latencies[-1],
        "distinct_outputs": len({token_sha256(record.token_ids) for record in records}),
        "empty_texts": sum(not record.text for record in records),
        "output_fingerprint": capture_fingerprint(
            (record.id, token_sha256(record.token_ids)) for record in records
        ),
    }


def _compare_with_public(run: Run) -> None:
    """Public prompts timed by the same server: much faster than private ones means they are special to it."""
    sample = run.public.prompts[: run.profile.public_sample]
    records, seconds = decode_all(run, sample, "public_outputs.jsonl", [])
    public = sum(len(record.token_ids) for record in records) / seconds
    ratio = public / run.score["tps"]
    run.diagnostics["public_tps"] = public
    run.gates.at_most(
        "public_private_ratio",
        ratio,
        run.limits.public_private_ratio_max,
        "public_prompts_special",
        f"public prompts ran {ratio:.2f} times as fast as private ones",
    )
