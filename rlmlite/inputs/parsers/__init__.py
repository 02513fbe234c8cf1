"""Parsers of formats that are not text, as they run in a worker (`rlmlite.guard.worker`), never in this process.

    documents    PDF, DOCX, HTML: text
    archives     zip, tar: members

Each is a job: it gets an open file or a pipe, and yields blocks of bytes and messages. What they say is checked by the
other end, in `rlmlite.inputs.formats`, since a hostile file may have taken the parser over. Those of tables are in
`rlmlite.inputs.tables`, with the rules for cells.
"""
