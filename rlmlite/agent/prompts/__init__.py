"""What prompts are made of: the texts that every controller reads, as files, and the history (`past`)."""
