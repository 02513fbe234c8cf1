"""Forms of answers on the wire: a schema as servers take it, and the answer read back."""
