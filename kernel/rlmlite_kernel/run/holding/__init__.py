"""Holding answers back: what speaks against an answer, whether it is taken, and which one stands in the end.

    lineage     what each variable brings along: searches without hits, warnings, literals
    shown       what observations have shown so far
    speech      what a reply is besides its program
    objections  the reasons that hold of one answer
    verdict     taken, or held back for a turn: what becomes of the state
    findings    what a nested run has for its parent beside its answer
    standing    the answer that a run ends with, if no other one was taken

The reasons themselves are a table: `records.reasons`.
"""
