"""What every reader of tables hands over, and how it becomes a content."""
