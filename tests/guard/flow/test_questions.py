"""The question of a nested run keeps the label of what it was made of, there, below it, and in its answer."""

from pathlib import Path

import msgspec
import pytest

from rlmlite_kernel.records.settings import Settings
from rlmlite_traces import Verdict, replay, verify
from tests.guard.flow.stage import Stage

QUESTIONS = {
    "a placeholder": 'a = sub_rlm("look at {patients}", context=weather)',
    "a part": 'a = sub_rlm("look at {p}", p=patients[10:20], context=weather)',
    "a variable": "q = str(patients)\na = sub_rlm(q, context=weather)",
    "joined": 'a = sub_rlm("look at " + str(patients), context=weather)',
    "rendered": 'q = render(patients.lines, "{text}")\na = sub_rlm(q, context=weather)',
    "extracted": "q = search(patients, /hunter\\w+/)[0].match\na = sub_rlm(q, context=weather)",
    "a number": 'a = sub_rlm("look at {n}", n=str(count(patients)), context=weather)',
    "a choice": 'q = pick(count(patients) > 1, "look here", "look there")\na = sub_rlm(q, context=weather)',
    "an index": 'a = sub_rlm("look at {w}", w=["a", "b", "c"][count(patients) - 33], context=weather)',
    "a model's answer": 'q = sub_lm("{patients}", role="controller")\na = sub_rlm(q, context=weather)',
    "a tool's result": 'q = echo(key=str(patients))\na = sub_rlm("look at {q}", context=weather)',
    "a nested answer": 'q = sub_rlm("say", context=patients)\na = sub_rlm("look at {q}", context=weather)',
    "the share": 'a = sub_rlm("look", context=weather, share=pick(count(patients) > 1, 0.4, 0.2))',
    "the depth": 'a = sub_rlm("look", context=weather, depth=count(patients))',
}
"""How content of `patients` gets into a question. The last two are in no text, but in the budgets that are told."""

OUT = (
    "look(key=question)",
    "send(to=question)",
    'tool_call("look", {key: question})',
    'tool_call(pick(question == "x", "look", "send"), {key: "a"})',
    'look(key=pick(true, "a", question))',
    'look(key=["a", "b"][count(question) - count(question)])',
    'look(key="retyped")',
    'sub_lm("{question}")',
    "sub_lm(question)",
    'sub_lm("retyped")',
    'sub_lm("{n}", n=count(question))',
    'extract_over_chunks(["a", "b"], "{value} {question}")',
    'extract_over_chunks(chunk(question, size=9), "{chunk}")',
    'classify(["a"], "is it?", labels=[question, "b"])',
    'extract_over_rows([{a: question}], "which?", schema={it: str})',
    'reduce([question, "b"], "{items}", fan_in=2)',
    'reduce(["a", "b"], "{items} {question}", fan_in=2)',
    'sub_lm("retyped", role=pick(question == "x", "sub", "sub"))',
)
"""Statements that reach a model or a tool, each with the question or without."""

NEST = 'b = sub_rlm("{question}", context="a", share=0.5)\nc = sub_rlm("retyped", context="retyped", share=0.5)'


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_keeps_its_label(question: str) -> None:
    """In the nested run and in one below it, nothing reaches a model or a tool that may not have the input."""
    inner = ['final("said")'] * 2 if "say" in question else []
    out = "\n".join(OUT)
    stage = Stage([question], [*inner, out, NEST], [out, out.replace("question", "context"), 'final("end")'] * 2)

    assert stage.leaked == []
    assert len(stage.shown["deep"]) >= 3, stage.shown["outer"][-1]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("answer", ["question", '"retyped"', "{a: [1, question]}", "count(context)"])
def test_an_answer_keeps_the_label_of_its_question(question: str, answer: str) -> None:
    """Whatever the nested run answers is refused afterwards where the input is."""
    inner = [f"final({answer})"] * 2
    after = 'look(key=str(a))\nsub_lm(str(a))\nsend(to=str(a))\nextract_over_chunks([a], "{value}")'
    stage = Stage([question, after], inner)

    assert stage.leaked == []


def test_a_question_without_content_is_free() -> None:
    """A question in the controller's own words may be passed on, and so may what it asks about."""
    inner = ['look(key=question)\nlook(key="a")\nx = sub_lm("{context}")\nfinal(x)', "final(x)"]
    stage = Stage(['a = sub_rlm("look", context=weather)', "look(key=a)"], inner)

    assert stage.looked == ["look", "a", "said"]
    assert len(stage.read) == 1


def test_a_label_is_recorded_and_replayed(tmp_path: Path) -> None:
    """The settings of the nested run have it, and a replay of both traces computes the same refusals."""
    Stage([QUESTIONS["a placeholder"]], ["\n".join(OUT)], trace=tmp_path / "run.rlm")
    folders = {path.parent for path in (tmp_path / "run.rlm").rglob("trace.jsonl")}
    (child,) = folders - {tmp_path / "run.rlm"}

    for place in (tmp_path / "run.rlm", child):
        assert replay(verify(place)).verdict is Verdict.REPRODUCED
    trace = verify(child)
    settings = msgspec.json.decode(trace.content(trace.genesis.settings), type=Settings)
    assert settings.question.inputs == ("patients",)
    assert settings.question.origins == ("input", "lm")
