"""A short log, the input of a run step by step."""

LOG = "one\nERROR two\nthree\n"
