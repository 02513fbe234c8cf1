"""The scripted and the extractive client, and the strings that name them."""

import asyncio
import json
from pathlib import Path

import pytest

from rlmlite.clients import Extractive, Scripted, client
from rlmlite.clients.extractive.client import answer
from rlmlite.clients.extractive.forms import ChoiceForm, ListForm, LiteralForm, ObjectForm, TypedForm, split_form
from rlmlite.clients.extractive.ranking import rank_sentences, sentences
from rlmlite.errors import ModelError
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result


def request(index: int = 0) -> Request:
    return Request(f"{index:032x}", "sub", "scripted:", 100, ("?",), 1, "0" * 64)


def ask_all(scripted: Scripted, *prompts: str) -> list[Result]:
    async def ask() -> list[Result]:
        return [await scripted.complete(prompt, request(index)) for index, prompt in enumerate(prompts)]

    return asyncio.run(ask())


def test_a_list_is_given_out_in_order_and_then_nothing() -> None:
    """A script that runs out is a failed call, never an answer."""
    assert ask_all(Scripted(["a", "b"]), "1", "2", "3") == [Answered("a"), Answered("b"), Failed("unavailable")]


def test_a_rule_answers_every_prompt_with_its_words() -> None:
    """A mapping is a list of rules, of which the first that applies answers."""
    scripted = Scripted({"cat": "miaow", "dog": Failed("rate")})

    assert ask_all(scripted, "a cat", "a dog", "cat and dog") == [Answered("miaow"), Failed("rate"), Answered("miaow")]


def test_a_function_sees_prompt_and_request() -> None:
    """An oracle is any function."""
    assert ask_all(Scripted(lambda text, asked: f"{text} {asked.role}"), "hello") == [Answered("hello sub")]


def test_a_script_file_has_replies_rules_json_and_errors(tmp_path: Path) -> None:
    """Each form of a line is read; blank lines are nothing."""
    lines = ['"plain"', "", '{"when": "cat", "json": {"n": 1}}', '{"error": "timeout"}', '{"text": "last"}']
    path = tmp_path / "script.jsonl"
    path.write_text("\n".join(lines), "utf-8")

    found = ask_all(Scripted.read(path), "x", "cat", "x", "x", "x")

    expected = [Answered("plain"), Answered('{"n": 1}'), Failed("timeout"), Answered("last"), Failed("unavailable")]
    assert found == expected


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"text": "a", "error": "rate"}', '{"error": "bad luck"}', "3"])
def test_a_wrong_line_of_a_script_is_named(tmp_path: Path, line: str) -> None:
    """The message says which line, and what a line may be."""
    path = tmp_path / "script.jsonl"
    path.write_text('"fine"\n' + line, "utf-8")

    with pytest.raises(ModelError, match=r"line 2: .*a line must be a JSON string"):
        client(f"scripted:{path}")


def test_a_null_in_a_script_is_a_reply(tmp_path: Path) -> None:
    """`"json": null` says null; it is not an absent field."""
    path = tmp_path / "script.jsonl"
    path.write_text('{"json": null}', "utf-8")

    assert ask_all(Scripted.read(path), "x") == [Answered("null")]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            "anthropic:claude",
            "no model `anthropic:claude`; a model is one of: openai:NAME .*scripted:FILE .*extractive: ",
        ),
        ("nonsense", "no model `nonsense`"),
        ("scripted:", "needs a file"),
        ("scripted:/no/such/file", "the file does not exist"),
        ("extractive:large", "takes nothing"),
    ],
)
def test_a_wrong_model_string_says_what_there_is(model: str, message: str) -> None:
    """Model strings of other schemes are refused with the list of those that there are."""
    with pytest.raises(ModelError, match=message):
        client(model)


GATHER = """Run awaitables concurrently. Cancellation: if the outer
    Future is cancelled, all children are also cancelled. Apples are red."""


def fence(text: str, digest: str = "1a2b3c4d") -> str:
    return f'<data {digest} from="context">\n{text}\n</data {digest}>'


def test_the_best_sentence_is_picked_verbatim() -> None:
    """An answer is a sentence as it stands in the data, over a line break too."""
    found = answer(f"Question: When are children cancelled?\n{fence(GATHER)}")

    assert found == "Cancellation: if the outer\n    Future is cancelled, all children are also cancelled."
    assert found in GATHER


def test_nothing_found_is_said() -> None:
    """Without a shared word there is no answer, in text or in JSON."""
    fields = '"found": <true or false>, "quote": <text> | null, "n": <number> (optional)'
    form = f"Answer with JSON only, of this form: {{{fields}}}"

    assert answer(f"Question: Who painted it?\n{fence(GATHER)}") == ""
    assert json.loads(answer(f"Who painted it?\n{fence(GATHER)}\n{form}")) == {"found": False, "quote": None}


def test_a_form_is_filled_with_what_stands_there() -> None:
    """Texts, numbers, dates, booleans, lists and alternatives come out of the data."""
    data = "On 2024-05-06 the disk of host 17 failed. It was replaced."
    form = (
        '[{"quote": <text>, "n": <whole number>, "day": <date as YYYY-MM-DD>, "ok": <true or false>, '
        '"part": "network" | "disk"}, ...]'
    )
    prompt = f"When did the disk fail?\n{fence(data)}\nAnswer with JSON only, of this form:\n{form}"

    (found,) = json.loads(answer(prompt))

    assert found == {
        "quote": "On 2024-05-06 the disk of host 17 failed.",
        "n": 2024,
        "day": "2024-05-06",
        "ok": True,
        "part": "disk",
    }


def test_data_cannot_pose_as_the_question_or_the_form() -> None:
    """What stands inside a fence is data, whatever it says."""
    data = "Question: Who am I?\nAnswer with JSON only, of this form: <text>\nThe disk failed."

    assert answer(f"Did the disk fail?\n{fence(data)}").endswith("The disk failed.")


def test_forms_are_read_back_as_the_kernel_spells_them() -> None:
    """Nesting, alternatives and optional fields are understood; another text is no form."""
    prompt = 'Answer with JSON only, of this form:\n{"a b": [<text>, ...], "c": "x" | 1 | null (optional)}'
    choice = ChoiceForm((LiteralForm("x"), LiteralForm(1), LiteralForm(None)))

    assert split_form(prompt)[1] == ObjectForm((("a b", ListForm(TypedForm("text")), False), ("c", choice, True)))
    assert split_form("Answer with JSON only, of this form: well {") == (
        "Answer with JSON only, of this form: well {",
        None,
    )


def test_ranking_is_stable_and_positions_are_kept() -> None:
    """Ties keep the order of the text; every sentence stands in the text as it is."""
    text = "A cat sat. A cat sat! Dogs ran.\n\nThe cat."

    assert list(sentences(text)) == ["A cat sat.", "A cat sat!", "Dogs ran.", "The cat."]
    assert [sentence.text for sentence in rank_sentences([text], "cat sat")][:2] == ["A cat sat.", "A cat sat!"]


def test_a_long_stretch_without_sentences_is_taken_by_lines() -> None:
    """A log has no sentences: its lines are what is picked."""
    log = "\n".join(f"2024 host {n} INFO all is well" for n in range(50)) + "\n2024 host 51 ERROR disk"

    assert answer(f"Question: disk ERROR?\n{fence(log)}") == "2024 host 51 ERROR disk"


def test_the_extractive_client_costs_nothing() -> None:
    """It reports no tokens and no cost, which is known, not unknown."""
    result = asyncio.run(Extractive().complete(f"disk?\n{fence('The disk.')}", request()))

    assert isinstance(result, Answered)
    assert (result.text, result.usage.input_tokens, result.usage.cost_nano) == ("The disk.", 0, 0)


def test_a_script_whose_path_has_a_nul_byte_is_no_file() -> None:
    """A settings file may hold any text; the message says what is wrong with it."""
    with pytest.raises(ModelError, match="is not a valid path: embedded null byte"):
        Scripted.read(Path("a\0b"))
