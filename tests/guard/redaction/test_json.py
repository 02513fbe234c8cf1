r"""That what is redacted within JSON is found behind its escapes, and that the text stays JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rlmlite
from rlmlite.guard.redaction.detectors import DETECTORS
from rlmlite.guard.redaction.redaction import Redaction, distinct
from rlmlite_kernel.effects.requests import Answered
from rlmlite_kernel.records.settings import Policy, ToolRule

ALL = Redaction(tuple(DETECTORS))
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEow/+IBAAK\n-----END PRIVATE KEY-----"
CARD = 4111111111111111
MAIL, KEY, SSN = "ann@example.org", "sk-proj-" + "Ab1" * 12, "536-22-1234"

TEXTS = [
    ('{"card": 4111111111111111}', '{"card": "[card]"}'),
    ('{"card":4111111111111111.0,"n":2}', '{"card":"[card]","n":2}'),
    ('{"card" : -4111111111111111}', '{"card" : "[card]"}'),
    ('{\n  "card": 4111111111111111\n}', '{\n  "card": "[card]"\n}'),
    ("[4111111111111111, 5, 4111111111111111]", '["[card]", 5, "[card]"]'),
    ('{"a": [[1], 4111111111111111]}', '{"a": [[1], "[card]"]}'),
    (r'{"body": "{\"card\": 4111111111111111}"}', r'{"body": "{\"card\": \"[card]\"}"}'),
    (r'{"body": "[4111111111111111, 2]"}', r'{"body": "[\"[card]\", 2]"}'),
    ('{"password": 12345678}', '{"password": "[key]"}'),
    (r'{"password": "abc\"def!!"}', '{"password": "[key]"}'),
    (r'{"body": "{\"password\": \"hunter2\"}"}', r'{"body": "{\"password\": \"[key]\"}"}'),
    (r'{"a": "to:\nann@example.org"}', r'{"a": "to:\n[mail]"}'),
    (r'{"a": "\u003cann@example.org\u003e"}', r'{"a": "\u003c[mail]\u003e"}'),
    (r'{"a": "ann\u0040example.org"}', '{"a": "[mail]"}'),
    (rf'{{"a": "key\n{KEY}"}}', r'{"a": "key\n[key]"}'),
    (rf'{{"a": "\t{SSN}"}}', r'{"a": "\t[ssn]"}'),
    (r'{"a": "-----BEGIN PRIVATE KEY-----\nMIIE", "q": 1}', '{"a": "[key]", "q": 1}'),
    ('["-----BEGIN PRIVATE KEY-----",\n "MIIE",\n "-----END PRIVATE KEY-----"]', '["[key]",\n "",\n ""]'),
    ('INFO {"card": 4111111111111111} sent', 'INFO {"card": "[card]"} sent'),
    ("5,4111111111111111,x", "5,[card],x"),
    ("card: 4111111111111111", "card: [card]"),
    ("4111111111111111 5500000000000004", "[card] [card]"),
    ("5512 4111 1111 1111 1111", "5512 [card]"),
    ('{"share": 0.4111111111111111}', '{"share": 0.4111111111111111}'),
]


@pytest.mark.parametrize(("text", "redacted"), TEXTS)
def test_a_text_stays_what_it_was(text: str, redacted: str) -> None:
    """JSON stays JSON, with quotes where a number was; other texts get none. Twice is as once."""
    assert ALL.text(text) == redacted
    assert ALL.text(redacted) == redacted


SECRETS = st.sampled_from([MAIL, KEY, SSN, PEM, CARD, f"x\n{MAIL}", f'"{KEY}"', f"<{MAIL}>", f"a\\b\t{SSN}", PEM[:40]])
LEAVES = SECRETS | st.sampled_from(["word", 'a "b" c\\n', "[", "1, 2]", 7, 0.5, None, True])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
SPELLINGS = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "indent": st.none() | st.just(2), "separators": st.just((",", ":")) | st.none()}
)


@settings(deadline=None, max_examples=100)
@given(st.lists(VALUES, min_size=1, max_size=3), SPELLINGS, st.integers(0, 2), st.booleans())
def test_any_json_stays_json(value: Any, spelling: dict[str, Any], levels: int, is_escaped: bool) -> None:
    """However it is spelled, and however often it is in a text of JSON: it can be read, and no secret with it."""
    text = json.dumps({"rows": value}, **spelling)
    for _ in range(levels):
        text = json.dumps({"body": text})
    text = text.replace("<", "\\u003c").replace("/", "\\/") if is_escaped and not levels else text
    read = json.loads(ALL.text(text))
    for _ in range(levels):
        read = json.loads(read["body"])
    assert not [secret for secret in (MAIL, KEY, SSN, "MIIEow", str(CARD)) if secret in str(read)]


@settings(deadline=None, max_examples=100)
@given(VALUES, st.sampled_from(["tool", "rlm", "approve"]))
def test_the_result_of_a_tool_stays_json(value: Any, kind: str) -> None:
    """Whatever is in it, and if it is nothing but a number that is replaced."""
    result = ALL.result(Answered(json.dumps(value)), kind)
    assert isinstance(result, Answered)
    json.loads(result.text)
    assert not [secret for secret in (MAIL, KEY, SSN, "MIIEow", str(CARD)) if secret in result.text]


@rlmlite.tool(side_effects=False)
def look_up() -> dict[str, Any]:
    """Look somebody up."""
    return {"card": CARD, "key": PEM, "pin": 12, MAIL: 1, "bob@example.org": 2}


def test_a_run_goes_on_over_what_was_redacted(tmp_path: Path) -> None:
    """Rows of JSON Lines with numbers that go are rows, and the result of a tool is a value; the trace has neither."""
    rows = [{"id": 1, "card": CARD, "key": PEM}, {"id": 2, "card": None, "key": f"to:\n{MAIL}"}]
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcome = rlmlite.execute(
        "final({rows: context, found: look_up()})",
        {"context": file},
        tools=[look_up],
        policy=Policy(tools={"look_up": ToolRule()}),
        redact=["keys", "mail", "cards"],
        trace=tmp_path / "t.rlm",
    )
    assert outcome.value == {
        "rows": [{"id": 1, "card": "[card]", "key": "[key]"}, {"id": 2, "card": None, "key": "to:\n[mail]"}],
        "found": {"card": "[card]", "key": "[key]\n\n", "pin": 12, "[mail]": 1, "[mail] (2)": 2},
    }
    kept = "".join(each.read_text(errors="replace") for each in (tmp_path / "t.rlm").rglob("*") if each.is_file())
    assert not [secret for secret in (MAIL, "MIIEow", str(CARD)) if secret in kept]


def test_words_of_a_model_are_words() -> None:
    """A number that a model answers with is a text, and gets no quotes; that of a tool is JSON."""
    assert ALL.result(Answered(str(CARD)), "lm") == Answered("[card]")
    assert ALL.result(Answered(str(CARD)), "tool") == Answered('"[card]"')


def test_a_value_is_looked_at_with_its_name() -> None:
    """Of a password the name says what it is; names that become the same stay apart."""
    value = {"password": "hunter2!", "pin": 5, MAIL: 1, "bob@example.org": [CARD, 0.5]}
    assert ALL.value(value) == {"password": "[key]", "pin": 5, "[mail]": 1, "[mail] (2)": ["[card]", 0.5]}


@given(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "b"]), max_size=8))
def test_names_stay_apart(names: list[str]) -> None:
    """Each name is there once, whatever they were; those that were alone are as they were."""
    unique = distinct(names)
    assert len(set(unique)) == len(names)
    assert unique == names or len(set(names)) < len(names)


def test_hostile_escapes_take_time_in_proportion() -> None:
    """Backslashes without end, and escapes that spell escapes."""
    for text in ("\\" * 200_000, "\\u005c" + "u005c" * 40_000, "4444-" * 20_000, "-----BEGIN PRIVATE KEY-----" * 5_000):
        ALL.text(text)  # quadratic work would take minutes here
