"""Lines: a text as blocks of whole lines, and what a form finds in each line."""
