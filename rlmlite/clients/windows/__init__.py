"""How many tokens a model reads and answers with in all: what servers and the price list say of it."""
