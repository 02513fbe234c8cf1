"""What a trace says, as typed data made from its records and blobs alone; nothing of it is run."""
