"""What is said of text that is not a program: where, what was expected, and what was probably meant."""
