"""Redaction at the door: what is replaced in inputs and in results of calls before kernel, model or trace see them.

    redact=("mail", "card")     "Ann <ann@example.org> paid with 4111 1111 1111 1111"
                            ->  "Ann <[mail]> paid with [card]"

A redacted text is what was run: positions, evidence and digests are those of the new text, and a replay derives it from
the same file by the same step. So nothing that a detector finds leaves the machine or reaches a file of ours.

    spans       where a text holds what must not pass
    replacing   the text without it
    escapes     what a text of JSON says behind its escapes
    json_numbers  numbers, in whose place a text has quotes
    patterns    patterns in linear time, with places in characters
    keys        the detector of keys and passwords
    detectors   the table of all detectors
    redaction   what a run was told to redact, applied to texts, blocks and values
    spelling    from the setting to a redaction and back, as the genesis has it

Not here: contents that are removed from a trace afterwards (`rlmlite_traces.sharing`).
"""
