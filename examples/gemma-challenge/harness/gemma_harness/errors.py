"""Typed failures: whose fault it is, a stable reason code, a sentence, and what to do next."""
from __future__ import annotations

from dataclasses import dataclass, field

SUBMISSION_ERROR = "submission_error"
INFRA_ERROR = "infra_error"
TIMEOUT = "timeout"
CANCELED = "canceled"

#: Exit status of the harness by kind of failure; 0 is a completed run, even one that fails its gates.
EXIT_CODES = {SUBMISSION_ERROR: 10, TIMEOUT: 11, INFRA_ERROR: 12, CANCELED: 13}

#: Every reason code: its kind, and the next step for the person who reads it.
REASONS = {
    # The submission as uploaded.
    "manifest_missing": (SUBMISSION_ERROR, "Put a manifest.json at the top of the submission directory."),
    "manifest_invalid": (SUBMISSION_ERROR, "Fix the lines named in the message."),
    "submission_unreadable": (SUBMISSION_ERROR, "Upload plain files only, without links that leave the directory."),
    "submission_too_large": (SUBMISSION_ERROR, "Load weights by model_id instead of uploading them."),
    "dependency_install_failed": (SUBMISSION_ERROR, "Pin every dependency and try the install in the challenge's image."),
    "prepare_failed": (SUBMISSION_ERROR, "Run the prepare command in the challenge's image; its last lines are below."),
    "model_unavailable": (SUBMISSION_ERROR, "Check model_id and model_revision: they must be public on the Hub."),
    # Starting the server.
    "server_exited": (SUBMISSION_ERROR, "Read the last lines of the server below; they usually name the cause."),
    "out_of_memory": (SUBMISSION_ERROR, "Lower memory utilisation or the batched tokens; prompt_logprobs needs about 3 GB for the longest record."),
    "server_answers_errors": (SUBMISSION_ERROR, "GET /v1/models answers 5xx: a dependency is broken or the model did not load."),
    "server_silent": (TIMEOUT, "Nothing listens on $PORT: the server must obey the environment variable PORT and bind to $HOST."),
    "startup_timeout": (TIMEOUT, "The server was not ready in time: cut compilation or loading time."),
    # Requests.
    "probe_failed": (SUBMISSION_ERROR, "The server does not answer one of the request shapes; the message names it."),
    "server_error": (SUBMISSION_ERROR, "The server answered 5xx in the middle of the run; see its last lines."),
    "request_refused": (SUBMISSION_ERROR, "The server refused a request shape of the contract."),
    "bad_response": (SUBMISSION_ERROR, "Answer with the JSON of the OpenAI API."),
    "no_token_ids": (SUBMISSION_ERROR, "Return the generated ids in choices[0].token_ids when return_token_ids is true."),
    "bad_token_ids": (SUBMISSION_ERROR, "token_ids must be integers of the model's vocabulary, without the prompt."),
    "no_prompt_logprobs": (SUBMISSION_ERROR, "Return prompt_logprobs, one entry for each prompt token."),
    "bad_logprob": (SUBMISSION_ERROR, "Each entry of prompt_logprobs must hold the prompt's own token with a finite logprob of at most 0."),
    "request_timeout": (TIMEOUT, "One request took longer than the limit of this profile."),
    "run_timeout": (TIMEOUT, "The whole run took longer than the limit of this profile; the baseline needs well under it."),
    # Not the submission's fault.
    "data_missing": (INFRA_ERROR, "Organisers: make the data with tools/make_reference_data.py and upload it with the harness."),
    "data_invalid": (INFRA_ERROR, "Organisers: the harness data does not fit its data card; make it again."),
    "state_unwritable": (INFRA_ERROR, "The state directory cannot be written: try the run again."),
    "outputs_lost": (INFRA_ERROR, "A file read back differs from what was written: try the run again."),
    "isolation_unavailable": (INFRA_ERROR, "Organisers: this machine cannot enforce what --require asks for."),
    "package_index_unreachable": (INFRA_ERROR, "The package index did not answer: try the run again."),
    "hub_unreachable": (INFRA_ERROR, "The Hub did not answer while the weights were fetched: try the run again."),
    "disk_full": (INFRA_ERROR, "The machine's disk is full: try the run again."),
    "tool_missing": (INFRA_ERROR, "Organisers: the Job's image lacks a program that the harness needs."),
    "harness_bug": (INFRA_ERROR, "This is a fault of the harness: report it with harness.log."),
    "terminated": (CANCELED, "The Job was stopped from outside."),
}


@dataclass
class HarnessFailure(Exception):
    """Ends the run. `code` is a key of REASONS; `details` are plain JSON values."""

    code: str
    message: str
    details: dict = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def kind(self) -> str:
        return REASONS[self.code][0]

    @property
    def next_step(self) -> str:
        return REASONS[self.code][1]
