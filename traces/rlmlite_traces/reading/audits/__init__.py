"""What an auditor asks of a trace: start at `audit`."""
