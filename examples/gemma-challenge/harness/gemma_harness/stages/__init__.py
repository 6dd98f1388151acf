"""The stages of a run, in order: validate, prepare, start, probe, canary, warmup, timed, score, control, choices, evals."""
