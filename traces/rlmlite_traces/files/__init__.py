"""Files as the trace package meets them: logs that grow, inputs that are mapped and hashed, caches beside them."""
