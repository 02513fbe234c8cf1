"""Tables that are binary: read by libraries, in a worker."""
