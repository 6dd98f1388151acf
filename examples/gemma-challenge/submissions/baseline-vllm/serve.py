"""Starts vLLM's OpenAI server with settings that fit one user on an A100, and becomes it.

MODEL_ID, SERVED_MODEL_NAME, HOST and PORT come from the harness; MODEL_ID is a folder, and there is no network.
"""
import os
import sys

#: The longest record is 2,943 tokens; a prompt with its 512 generated tokens is no longer.
MAX_MODEL_LEN = 4096
#: prompt_logprobs costs 1 MB a token of the chunk (262,144 logits of 4 bytes): 2 GB for a chunk of this size.
MAX_BATCHED_TOKENS = 2048
#: Leaves 8 GB of the 80 for those logits.
MEMORY_UTILISATION = 0.90

ARGUMENTS = [
    "--model", os.environ["MODEL_ID"],
    "--served-model-name", os.environ["SERVED_MODEL_NAME"],
    "--host", os.environ["HOST"],
    "--port", os.environ["PORT"],
    "--dtype", "bfloat16",
    "--max-model-len", str(MAX_MODEL_LEN),
    "--max-num-batched-tokens", str(MAX_BATCHED_TOKENS),
    "--max-num-seqs", "4",
    "--gpu-memory-utilization", str(MEMORY_UTILISATION),
    "--limit-mm-per-prompt", '{"image": 1, "audio": 1}',
    # The model's own generation settings would change the sampling of requests that leave them out.
    "--generation-config", "vllm",
    # A cached prefix would make the second decode of a prompt another computation than the first.
    "--no-enable-prefix-caching",
    "--seed", "0",
]  # fmt: skip

os.execv(sys.executable, [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *ARGUMENTS])
