"""Single lines, as a reader meets them: of each shape one that is canonical, and every way in which it may not be.

Which rule a line breaks is computed when the vectors are made, and stands in the file for people to read.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

RECORDS, BLOBS, EFFECTS = "trace.jsonl", "blobs.jsonl", "effects.jsonl"
GOLDEN: Final = Path(__file__).parents[3] / "traces" / "golden"

SALT: Final = "AAAAAAAAAAAAAAAAAAAAAA=="
REF: Final = "ab" * 32

WHOLE: Final[dict[str, tuple[str, Any]]] = {
    "genesis": (
        RECORDS,
        {
            "kind": "genesis", "v": 2, "run": "r", "flags": [1], "rendering": 3, "kernel": "1", "engines": {"re2": "1"},
            "grammar": REF, "actions": REF, "settings": REF, "scope": {"user": "Zoë"}, "state": REF, "parent": REF[:32],
            "strategy": "s", "compiled": REF, "signature": REF,
            "inputs": [{"name": "log", "kind": "text", "ref": REF, "size": 3, "source": REF, "sha256": REF}],
        },
    ),
    "question": (
        RECORDS,
        {"kind": "question", "seq": 1, "prev": REF, "text": REF, "writes": ["q", "text", 3, REF], "state": REF,
         "form": REF, "earlier": ["a", "int", 8, REF]},
    ),
    "addition": (
        RECORDS,
        {"kind": "addition", "seq": 1, "prev": REF, "limits": {"turns": 9, "tokens": None}, "kept": {"tokens": 1},
         "state": REF, "inputs": [{"name": "log", "kind": "text", "ref": REF, "size": 3, "source": REF}]},
    ),
    "turn": (
        RECORDS,
        {
            "kind": "turn", "seq": 1, "prev": REF, "turn": 1, "origin": "lm", "reply": REF, "program": REF, "ast": REF,
            "diagnostics": REF, "used": {"turns": 1}, "state": REF, "clock_ms": 5, "held_back": {"code": "x"},
            "earlier": ["a", "int", 8, REF], "warnings": [{"code": "x"}], "notes": [{"code": "x"}],
            "call": {
                "role": "r", "model": "m", "prompt": REF, "prompt_bytes": 1, "max_output_tokens": 1,
                "usage": [1, None, 0], "cached": True, "error": "timeout", "detail": REF,
                "sampling": {"decode": "tool"},
            },
        },
    ),
    "step": (
        RECORDS,
        {
            "kind": "step", "seq": 1, "prev": REF, "turn": 1, "step": 1, "statement": 1, "op": "let", "ast": REF,
            "reads": ["log"], "writes": [["x", "int", 8, REF]], "coverage": {"log": [1, 2, 3]}, "priced": {"steps": 1},
            "used": {"steps": 1}, "status": "failed", "code": "type", "state": REF, "warnings": [{"code": "x"}],
            "effects": {"n": 3, "root": REF, "failed": 1, "rounds": 2},
            "observation": {"ref": REF, "size": 1, "origins": ["lm"], "cut": 1},
            "notes": [{"code": "x", "n": 2, "example": REF, "input": "log", "line": 3}],
        },
    ),
    "checkpoint": (RECORDS, {"kind": "checkpoint", "seq": 1, "prev": REF, "variables": REF, "state": REF}),
    "redact": (RECORDS, {"kind": "redact", "seq": 1, "prev": REF, "refs": [REF], "reason": "r", "who": "w"}),
    "seal": (
        RECORDS,
        {"kind": "seal", "seq": 1, "prev": REF, "steps": 1, "outcome": "partial", "reason": "r", "result": REF,
         "state": REF, "warnings": [{"code": "x"}], "notes": [{"code": "x"}], "findings": REF},
    ),
    "head": (
        EFFECTS,
        {
            "kind": "calls", "step": 1, "id": "i", "first": 1, "round": 1, "n": 2, "effect": "tool", "role": "r",
            "model": "m", "max_output_tokens": 1, "recipe": [REF, ["", -1, -1, "s"]], "inputs": {"a": REF},
            "sampling": {"form": "words"},
        },
    ),
    "call": (
        EFFECTS,
        [
            0, 1, REF[:32], [["", 0, 5, ""]], REF, [1, None, 2],
            {
                "error": "e", "detail": REF, "cached": True, "same_as": "i", "trial": 1, "sampling": {"form": "words"},
                "inputs": {"a": REF},
                "child": {
                    "root": REF, "status": "s", "reason": "", "used": {"steps": 1}, "evidence": REF,
                    "coverage": {"log": [1, 2, 3]}, "warnings": [{"code": "x"}], "notes": [{"code": "x"}],
                    "calls": {"sub": 1},
                },
            },
        ],
    ),
    "text": (BLOBS, [SALT, "Zoë\n"]),
    "bytes": (BLOBS, {"salt": SALT, "base64": "/w=="}),
    "file": (BLOBS, {"salt": SALT, "ref": REF, "size": 70_000}),
}  # fmt: skip
"""A line of each shape in which every field stands, by what it is."""

_OTHERS: Final[tuple[Any, ...]] = ("", "x", 0, -1, 7, True, None, [], {}, [1], {"a": 1}, 2**53, "ok", "lm", 1, 2)


def _text(document: Any) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document that has a key or an index."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, item in items:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _changed(document: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A copy of a document after `change` of what holds the last key of a path."""
    copy = json.loads(json.dumps(document))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return copy


def variants(document: Any) -> Iterator[Any]:
    """The document with one value left out, of another type, or its default; and with one field more."""
    yield document
    for path in _places(document):
        yield _changed(document, path, lambda holder, key: holder.pop(key))
        for other in _OTHERS:
            yield _changed(document, path, lambda holder, key, other=other: holder.__setitem__(key, other))
    for path in [(), *(path for path in _places(document))]:
        yield _more(document, path)


def _more(document: Any, path: tuple[Any, ...]) -> Any:
    copy = json.loads(json.dumps(document))
    holder = copy
    for key in path:
        holder = holder[key]
    if isinstance(holder, dict):
        holder["more"] = 1
    elif isinstance(holder, list):
        holder.append(1)
    return copy


def spelled(document: Any) -> str:
    """A document as a canonical line, where its numbers and keys allow one."""
    return _text(document)


def _edited(name: str, old: str, new: str) -> tuple[int, str, str]:
    """A line of format 2 in which one piece has another spelling."""
    file, document = WHOLE[name]
    text = _text(document)
    assert text.count(old) >= 1, (name, old)
    return 2, file, text.replace(old, new, 1)


def _old_lines() -> Iterator[tuple[int, str, str]]:
    """The first lines of kept traces of format 1, of each kind."""
    for name in ("agent", "nested"):
        for file in (RECORDS, EFFECTS, BLOBS):
            kinds: set[str] = set()
            for line in (GOLDEN / "1" / f"{name}.rlm" / file).read_text("utf-8").splitlines():
                document = json.loads(line)
                kind = f"{document.get('kind')}{document.get('effects') is None}{document.get('child') is None}"
                if kind not in kinds and len(line) < 3_000:
                    kinds.add(kind)
                    yield 1, file, line


LINES: Final = [
    *((2, file, _text(document)) for file, document in WHOLE.values()),
    *_old_lines(),
    *((1, file, line.replace(',"v":1}', "}")) for _, file, line in _old_lines() if line.endswith(',"v":1}')),
    # Not a record of a known shape.
    (2, RECORDS, ""), (2, RECORDS, "null"), (2, RECORDS, "[]"), (2, RECORDS, "{}"), (2, RECORDS, '{"kind":"stop"}'),
    (2, RECORDS, '{"kind":["step"]}'), (1, RECORDS, '{"kind":"question"}'), (2, EFFECTS, "1"), (2, BLOBS, '"x"'),
    (2, RECORDS, "\udcff"), (2, RECORDS, '{"kind":"checkpoint","state":"\udcff","variables":"a"}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"\\ud800","variables":"a"}'), (2, RECORDS, "[" * 5_000),
    (2, RECORDS, '\ufeff{"kind":"checkpoint","state":"a","variables":"a"}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"a","variables":"a"'), (2, RECORDS, '{"kind" "checkpoint"}'),
    (2, RECORDS, '{"kind":"checkpoint" "state":"a","variables":"a"}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"a","variables":"a"}}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"a","variables":"a",}'), (2, RECORDS, '{kind":"checkpoint"}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"a\t","variables":"a"}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"a","variables":"a\\"}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"a","variables":nul}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"a","variables":"a","x":1}'),
    _edited("seal", '"steps":1', '"steps":1.0'), _edited("seal", '"steps":1', '"steps":"1"'),
    _edited("seal", '"steps":1', '"steps":01'), _edited("seal", '"steps":1', '"steps":-'),
    _edited("seal", '"steps":1,', ""), _edited("seal", '"outcome":"partial"', '"outcome":null'),
    _edited("turn", '"cached":true', '"cached":1'), _edited("turn", '"usage":[1,null,0]', '"usage":[1,null]'),
    _edited("turn", '"usage":[1,null,0]', '"usage":{}'), _edited("turn", '"used":{"turns":1}', '"used":[]'),
    _edited("turn", '"used":{"turns":1}', '"used":{"turns":null}'),
    _edited("turn", '"earlier":["a","int",8,', '"earlier":["a","int",'),
    _edited("step", '"reads":["log"]', '"reads":"log"'), _edited("step", '"reads":["log"]', '"reads":[1]'),
    _edited("step", '"effects":{', '"effects":{"more":1,'), _edited("step", '"writes":[["x"', '"writes":[["x","y"'),
    _edited("head", '"kind":"calls"', '"kind":"call"'), _edited("head", '["",-1,-1,"s"]', "5"),
    _edited("call", '"trial":1}]', '"trial":1},1]'), _edited("call", "[[", "[["[:1] + "{"),
    _edited("text", SALT, "AAAA"[:3]), _edited("text", SALT, "AAA=AAAA"), _edited("bytes", "/w==", "/w="),
    _edited("bytes", "/w==", "-w=="), _edited("text", '"Zoë', '1,"Zoë'), _edited("file", "70000", '"70000"'),
    (2, BLOBS, ' ["' + SALT + '","x"]'), (2, EFFECTS, ' [0,1,"",[],null,[1,2,3],null]'),
    # Beyond the profile.
    _edited("genesis", '"user"', '"üser"'), _edited("step", '"used":{"steps":1}', '"used":{"steps":9007199254740992}'),
    _edited("step", '"used":{"steps":1}', '"used":{"steps":9007199254740993}'),
    _edited("step", '"used":{"steps":1}', '"used":{"steps":-9007199254740992}'),
    _edited("step", '"used":{"steps":1}', '"used":{"steps":9007199254740991}'),
    # Not the one spelling.
    _edited("seal", '"steps":1', '"steps": 1'), _edited("seal", '"steps":1', '"steps":-0'),
    _edited("seal", '"steps":1', '"steps":1,"steps":1'), _edited("seal", '"reason":"r"', '"reason":"\\u0072"'),
    _edited("seal", '"reason":"r"', '"reason":""'), _edited("seal", '"warnings":[{"code":"x"}]', '"warnings":[]'),
    _edited("seal", '"code":"x"', '"code":"x","n":1'), _edited("seal", '"seq":1', '"seq":0'),
    _edited("checkpoint", REF, "0" * 64), _edited("step", '"status":"failed"', '"status":"ok"'),
    _edited("step", '"observation":{"cut":1,"origins":["lm"],"ref":"' + REF + '","size":1}', '"observation":{}'),
    _edited("head", '"effect":"tool"', '"effect":"lm"'), _edited("head", '"kind":"calls",', ""),
    _edited("step", '"used":{"steps":1}', '"used":{}'), _edited("turn", '"cached":true', '"cached":false'),
    (2, EFFECTS, '[0,1,"",[],null,[1,2,3]]'), (2, EFFECTS, '[0,1,"",[],null,[1,2,3],{}]'),
    (2, EFFECTS, '[0,1,"",[],null,[1,2,3],null]'), (2, EFFECTS, '[0,1,"",[],null,[1,2,3],{"error":""}]'),
    _edited("text", SALT, SALT.replace("A==", "B==")), _edited("bytes", "/w==", "/x=="),
    (2, BLOBS, '{"base64":null,"salt":"' + SALT + '"}'), (2, BLOBS, '{"ref":"","salt":"' + SALT + '"}'),
    (2, BLOBS, '{"ref":"","salt":"' + SALT + '","size":9007199254740993}'),
    (2, RECORDS, '{"kind":"checkpoint","state":"\u2028\u007f\U0001f600/","variables":"\\u0001\\b\\n\\\\"}'),
]  # fmt: skip
"""Lines with the format and the file that they are read as."""
