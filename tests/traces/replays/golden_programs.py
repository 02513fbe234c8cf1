"""What the kept traces are of: their inputs, their key, and the programs of those without a controller."""

LOG = "".join(
    f"2026-11-{day:02} {level} {part} request {day * 7919} took {day * 31 % 97} ms — Zoë\n"
    for day in range(1, 29)
    for level, part in (("INFO", "web"), ("WARN" if day % 5 else "ERROR", "db"))
)

DATA = {"log": LOG, "docs": {"a.txt": "one\ntwo\n", "b.txt": "three ✓\n"}}

KEY = "00" * 31 + "07"

PROGRAMS: dict[str, tuple[str, ...]] = {
    "search": (
        "hits = search(log, /(?<level>WARN|ERROR) (?<part>\\w+) .* took (?<ms>\\d+)/)\n"
        "c = count_by(hits, .level)\nshow(c)",
        "hits = search(log, /(?<level>WARN|ERROR) (?<part>\\w+) .* took (?<ms>\\d+)/)\n"
        "slow = top(extend(hits, {n: int(.ms)}), 3, by=.n)\npreview(slow)\n"
        'show(log.lines[1:3], log[0:40], log.chars[60:66], search(log, ["db", "web"], limit=2))',
        'rows = parse_lines(log, "{date} {level} {part} request {id} took {ms} ms — {who}")\n'
        "g = group(rows, .part, {n: count(), slowest: max(int(.ms)), mean: avg(int(.ms))})\n"
        "levels = to_object(count_by(rows, .level), .key, .n)\n"
        'final({groups: g, levels: levels, first: rows[0].date + "!"}, evidence=slow)',
    ),
    "fan-out": (
        'note("read it in parts")\nparts = chunk(log, size=10, overlap=2, by="lines")\n'
        'labels = extract_over_chunks(parts, "Is {line} bad?\\n{chunk}", schema={bad: bool, quote?: str})\n'
        'one = sub_lm("In one word: {parts}")',
        "bad = where(labels, .bad == true)\nfinal({bad: count(bad), word: one}, evidence=bad.quote)",
    ),
    "scalars": (
        'head = lower(log[0:20])\nlevel = upper("warn")\nhalf = round(2.5)\nforget(level)\ndraft(head)\n'
        'require(false, "too early")',
        'a = describe("search")\nb = capture(log[0:20], /(\\d+)/)',
    ),
    "faults": (
        "this is (no program",
        'x = serach(log, "a")\ny = search(log, /(?=a)/)\nz = count(x)\nok = replace(log[0:30], /\\d+/, "<$0>")',
        'a = json_parse("[1, 2.50, 1e-7, {\\"b\\": 1}]")\nb = log[0:10] == 5\nc = chunk(log, size=4, overlap=9)\n'
        'd = sort([3, null, true, "x", 1.5])\nshow(a, d, docs["b.txt"])',
        "final(ok)",
    ),
}
