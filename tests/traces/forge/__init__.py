"""The forge: traces changed by somebody who knows the format, with every hash computed anew."""
