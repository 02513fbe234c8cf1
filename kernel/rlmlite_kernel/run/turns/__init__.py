"""One turn under way. Start at `turn`, the order of its steps; then `progress`, how each comes to its outcome."""
