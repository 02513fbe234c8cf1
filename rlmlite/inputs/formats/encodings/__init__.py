"""Encodings: which are read, which a text is in, and decoding it.

names           the list of encodings, by all their names
declarations    what XML and HTML say of themselves
choice          the evidence in the order of its strength; decoding
"""
