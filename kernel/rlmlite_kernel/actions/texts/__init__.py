"""Actions on texts: look, cut, render, parse, and functions of single values."""
