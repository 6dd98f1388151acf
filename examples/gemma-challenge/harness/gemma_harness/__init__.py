"""The benchmark of the Gemma challenge: speed of a served model, and proof that it is still the model."""

#: Changes with every change of what is measured or how; it is in every summary, and boards filter by it.
VERSION = "1.1.0"
