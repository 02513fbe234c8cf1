"""What commands print: answers, faults, logs, live progress, and the exit code of each end."""
