"""A client without a model: it picks sentences by shared words. A baseline, and what the demo runs on."""
