"""Re-executing a trace offline and comparing every record. Start at `replay`."""
