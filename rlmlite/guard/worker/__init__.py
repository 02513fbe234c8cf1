"""Parsers of what strangers made run in a worker: another process, which can do nothing but read one file and answer.

A parser of PDF, Parquet or SQLite is a large program, often in C, and a file can be made to take it over. So it runs
where that is worth nothing: no network, no other file, no key, no memory of this process, and an end to its time and
memory. It can give a wrong content of its own input; it cannot do more.

    this process                     nursery                       worker, one per file
    run(convert, argument)  ---->    has imported the parser,
                                     and nothing of a stranger
                                          fork  ---------------->  gives up its rights, then parses
    blocks, messages  <---------------------------------------------  frames through a pipe
    the end, or a crash  <-------    waits for it, kills it

Start at `running.run`; `confinement` lists what a worker gives up; `report.protections` says what of that this machine
can do. Not here: which files are parsed (`rlmlite.inputs`), and what the answer may be: whoever calls `run` checks it.
"""
