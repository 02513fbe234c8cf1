"""Recipes of text tables from before their rules had numbers are read as they were: to the same content."""

from pathlib import Path

import pytest

from rlmlite.inputs import deriving
from rlmlite_kernel.values.inputs import Derivation, Source, SourceFile
from rlmlite_traces import FileBlobs

RECORDED: list[tuple[str, bytes, str, str]] = [
    (
        "plain.csv",
        b'n,x,zip,flag,text\n1,1.50,007,true,"a ""b""\nc"\n,2,010,FALSE,\n',
        '{"delimiter": "comma", "header": "yes", "types": "int,number,text,bool,text"}',
        "9b4959ffdc818c35838499898ef2dfeb5f4e216239be8cbebde6c3466b826a9b",
    ),
    (
        "mark.csv",
        b"\xef\xbb\xbfa;b\r\n1;x\r\n2;\xff\r\n",
        '{"delimiter": "semicolon", "header": "yes", "types": "int,text"}',
        "82a2053fa0c4885b57fcfdf66ce3c7cd24065020470f690ecfaf48012544bc3b",
    ),
    (
        "blank.csv",
        b"\n\nname,qty\nann,3\n  \nbob\n",
        '{"delimiter": "comma", "header": "yes", "types": "text,int"}',
        "bdff6fe14169e304dca99e11b807cf81dd12a8d5b97bb71188d6abafe3a84357",
    ),
    (
        "sep.csv",
        b"sep=;\nname;qty\nann;3\n",
        '{"delimiter": "semicolon", "header": "no", "types": "text,text"}',
        "3b4426e5c400fed534ebad9ffe21c7658f6efe53c887e485478665ac12b9e45e",
    ),
    (
        "versions.csv",
        b"lib,ver\na,3.9\nb,3.10\n",
        '{"delimiter": "comma", "header": "yes", "types": "text,number"}',
        "23024ff0bc3fc460adc30c873cdfedb6a18d9b091c9fcba4d02ccab65dfc0209",
    ),
    (
        "empty-first.csv",
        b",,\n1,2,3\n",
        '{"delimiter": "comma", "header": "no", "types": "int,int,int"}',
        "bbe022b895fbefe6a04ee9c2c7af9ee384b0408229a2b46be0f2be3f2ce5bb87",
    ),
    (
        "quotes.tsv",
        b'id\tsaid\n1\t"so it begins\n2\tx\n3\tends here"\n',
        '{"delimiter": "tab", "header": "yes", "types": "int,text"}',
        "6a164d41f525461ef6d664db16898e7a1d0d4c766f4f6bec48cf79601e189215",
    ),
    (
        "digits.csv",
        b"id,wei\n1,1000000000000000001\n2,0.5\n3,1e5\n4,-0\n",
        '{"delimiter": "comma", "header": "yes", "types": "int,number"}',
        "2110137bc04103a62fa5752c729f23cc28bb803680f4be7505dbd2b3e6f96f3e",
    ),
    (
        "records.jsonl",
        b'{"a":1,"b":[1,{"c":2.50}]}\n\n{"a":"x","d":null}\n',
        "",
        "ebde39add17ea60ac0728593aaf082107bcafb7c9deabb411b0c492141bccb13",
    ),
    (
        "mixed.jsonl",
        b"".join(b'{"n":%d}\n' % n for n in range(600)) + b'"restart"\n',
        "",
        "0ecf8817397f9095e7309f758515eb07ebafe2dd4db5c905884845e4094c3765",
    ),
    (
        "value.jsonl",
        b'{"value":1}\n{"value":2}\n',
        "",
        "b936a2304dceba81ea5514b07384f36007a8a47f588be16c4d115c76b2061d46",
    ),
    (
        "shops.csv",
        b"shop,n\n" + b"".join(b"shop %d,%d\n" % (n * 7919 % 500, n) for n in range(3000)),
        '{"decimal": "point", "delimiter": "comma", "header": "yes", "layout": "columns", "quote": "double", '
        '"skip": "0", "types": "text,int"}',
        "cc904ca3ef21f95632728caed7d50c54d11ce88e9125329d092078846b398be8",
    ),
]
"""A file's name and bytes, the options that were recorded of it, and the digest of its sheet or columns."""


@pytest.mark.parametrize(("name", "content", "how", "digest"), RECORDED, ids=[case[0] for case in RECORDED])
def test_an_old_recipe_gives_the_same_content(tmp_path: Path, name: str, content: bytes, how: str, digest: str) -> None:
    """Rules that came later do not apply: types, blank lines, quotes and columns are those of the recipe's time."""
    (tmp_path / name).write_bytes(content)
    blobs = FileBlobs()
    file = blobs.look(tmp_path / name)
    entry = SourceFile(name, digest, 0, 0, file.digest, 1)
    source = Source(
        "table", name, (entry,), recipes=((Derivation(name.partition(".")[2].replace("tsv", "csv"), "", how),),)
    )

    assert deriving()(file, source, (entry,), blobs) == ""
    assert blobs.size(digest) is not None


@pytest.mark.parametrize("how", ['{"rules": "3"}', '{"layout": "columns", "table": "t"}', '{"layout": "columns-3"}'])
def test_a_recipe_of_unknown_rules_is_refused(tmp_path: Path, how: str) -> None:
    """What a later version meant is not guessed."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    blobs = FileBlobs()
    file = blobs.look(tmp_path / "a.csv")
    entry = SourceFile("a.csv", "0" * 64, 0, 0, file.digest, 1)
    source = Source("table", "a.csv", (entry,), recipes=((Derivation("csv", "", how),),))

    assert "are not those of this version" in deriving()(file, source, (entry,), blobs)
