"""Encodings of text: which ones are read (`names`), and in which of them a text is (`choice`).

Names are imported from these modules: the list is needed by settings, the choice only by readers.
"""
