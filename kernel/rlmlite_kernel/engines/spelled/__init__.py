"""Cells as a text file spells them: where its records lie (`records`), and what its numbers look like (`numbers`).

Both look at many cells at once, and say no more than a reader cell by cell would.
"""
