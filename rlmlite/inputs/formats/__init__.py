"""From bytes of any origin to text: decompression, archives, converters, encodings, downloads.

The table of file kinds is in `kinds`; `text_reader` takes a file through the steps and records each of them.

    app.log.gz       gzip -> decode from cp1252                  (text_reader, compression, encodings)
    mail.tar.xz      xz -> tar -> each member as a file          (members)
    report.pdf       pypdf                                       (converters)
    https://h/a.csv  fetch, then as a file                       (remote)

Archives and documents are parsed in a worker (`parsing`), by `rlmlite.inputs.parsers`; what comes back is checked here.
What a step produces is bounded by `reading.ReadingLimits`, because any of these may be a decompression bomb.
"""
