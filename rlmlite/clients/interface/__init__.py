"""What every model client shares: the protocol it follows, how it is called, and what its calls cost."""
