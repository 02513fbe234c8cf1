"""What prompts are made of: texts that every controller reads, as files, the card (`card`), the history (`past`)."""
