"""Fan-outs over rows whose calls are no calls of models: a tool, or a nested run, for each row."""
