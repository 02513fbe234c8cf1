"""Names of encodings: a fixed list, wherever one can be named."""

import codecs
from encodings.aliases import aliases
from pathlib import Path

import pytest

from rlmlite import execute
from rlmlite.errors import InputError, SettingError
from rlmlite.errors.unreadable import UnreadableError
from rlmlite.inputs import READING, Reading, from_path, new_store
from rlmlite.inputs.formats.encodings.choice import declared_encoding, recorded_encoding
from rlmlite.inputs.formats.encodings.names import ENCODINGS, find_encoding
from rlmlite.inputs.formats.reading import reading
from rlmlite.inputs.rederive import deriving
from rlmlite_kernel.values.inputs import Derivation, Source, SourceFile
from rlmlite_traces import FileBlobs

REFUSED = (
    "punycode",
    "idna",
    "utf-7",
    "unicode_escape",
    "raw_unicode_escape",
    "rot13",
    "hex",
    "uu",
    "zip",
    "bz2",
    "base64",
    "quopri",
    "undefined",
    "charmap",
    "mbcs",
    "oem",
    "palmos",
    "aliases",
    "__init__",
    "os",
    "../../../etc/passwd",
    "x" * 1_000_000,
    "utf-8\x1b[2J",
    "\u202elatin-1",
    "",
    "\ud800",
)
"""Codecs of Python that are not read here, modules that are no codecs, and names of hostile letters."""


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: ascii(name[:30]))
def test_a_setting_takes_no_other_codec(name: str) -> None:
    """The error lists what there is, and repeats no control character."""
    with pytest.raises(SettingError) as caught:
        reading({"encoding": name})

    assert "shift-jis" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_500


@pytest.mark.parametrize("spec", ["csv:{}?encoding={}", "jsonl:{}?encoding={}"])
@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "hex", "utf-7", "undefined", "x" * 100])
def test_a_table_takes_no_other_codec(tmp_path: Path, spec: str, name: str) -> None:
    """Named in the query of its path."""
    file = tmp_path / "a.txt"
    file.write_text('{"a": 1}\n')

    with pytest.raises(InputError, match="there is no encoding"):
        from_path(spec.format(file, name), new_store(READING))


@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "utf-7"])
def test_a_reading_made_by_hand_takes_no_other_codec(tmp_path: Path, name: str) -> None:
    """Nor does one that nobody has checked."""
    (tmp_path / "a.txt").write_bytes(b"words\xff")

    with pytest.raises(InputError, match="there is no encoding"):
        from_path(str(tmp_path / "a.txt"), new_store(READING), Reading(encoding=name))


@pytest.mark.parametrize("setting", [{"encoding": "punycode"}, {"encoding": "unicode_escape"}])
def test_a_call_takes_no_other_codec(tmp_path: Path, setting: dict[str, str]) -> None:
    """Nor do `execute` and its like."""
    (tmp_path / "a.txt").write_text("words")

    with pytest.raises(SettingError, match="there is no encoding"):
        execute("final(1)", tmp_path / "a.txt", reading=setting)


@pytest.mark.parametrize("name", REFUSED[:-2], ids=lambda name: ascii(name[:30]))
def test_a_recorded_decoder_is_no_other_codec(tmp_path: Path, name: str) -> None:
    """A trace may name anything as the step by which a text was decoded, and as the option of a table."""
    with pytest.raises(UnreadableError, match="there is no encoding"):
        recorded_encoding(Derivation("decode", how=name))

    path = tmp_path / "a.txt"
    path.write_bytes(b"a,b\n1,2\n")
    store = FileBlobs()
    file = store.look(path, True)
    entry = SourceFile(str(path), "0" * 64, 8, 0, file.digest, 1)
    as_text = Source("text", str(path), (entry,), recipes=((Derivation("decode", how=name),),))
    options = f'{{"delimiter": "comma", "header": "yes", "types": "int,int", "encoding": {_json(name)}}}'
    as_table = Source("table", str(path), (entry,), recipes=((Derivation("csv", how=options),),))
    for source in (as_text, as_table):
        reason = deriving()(file, source, [entry], store)

        assert "there is no encoding" in reason
        assert "\x1b" not in reason


@pytest.mark.parametrize("options", ["[" * 100_000, "[1]", "7", '{"a": {}}', "{", '{"encoding": 7}', "\x1b[2J"])
def test_recorded_options_are_options(tmp_path: Path, options: str) -> None:
    """Whatever else a trace has in their place is a reason why the table is missing."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n")
    store = FileBlobs()
    file = store.look(path, True)
    entry = SourceFile(str(path), "0" * 64, 8, 0, file.digest, 1)
    source = Source("table", str(path), (entry,), recipes=((Derivation("csv", how=options),),))

    assert deriving()(file, source, [entry], store) == "the recorded options of csv are not options"


def _json(text: str) -> str:
    import json

    return json.dumps(text)


@pytest.mark.parametrize(
    "name", ["utf-16", "UTF-32LE", "utf-7", "cp037", "cp500", "cp1140", "punycode", "hex", "idna", "unicode_escape"]
)
@pytest.mark.parametrize(
    "page", ['<?xml version="1.0" encoding="{}"?>', "<meta charset={}>", "<META x charset = '{}'>"]
)
def test_a_declaration_that_cannot_be_true_is_not_followed(name: str, page: str) -> None:
    """What was found as ASCII is not in UTF-16 or EBCDIC, and no page is in a codec that is not read."""
    assert declared_encoding(page.format(name).encode() + b"\xff\xfe") is None


def test_a_declaration_that_can_be_true_is_followed() -> None:
    """As before."""
    assert declared_encoding(b'<?xml version="1.0" encoding="Shift_JIS"?>') == "shift_jis"
    assert declared_encoding(b'<meta charset="iso-8859-1">') == "cp1252"


def test_names_are_those_of_python() -> None:
    """Every other name of a listed encoding is found, with the name that `codecs` gives it, as old traces have it."""
    for alias, module in aliases.items():
        is_found_by_python = module in ENCODINGS and alias == alias.lower()
        expected = codecs.lookup(alias).name if is_found_by_python else None
        assert find_encoding(alias) == find_encoding(alias.upper().replace("_", "-")) == expected
    assert [find_encoding(name) for name in ENCODINGS] == [codecs.lookup(name).name for name in ENCODINGS]
    # Recorded names are looked up again.
    assert all(find_encoding(find_encoding(name) or "") == find_encoding(name) for name in ENCODINGS)
