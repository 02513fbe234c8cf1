"""Every way by which content reaches a model, a tool or a controller, and that the label of the content goes along.

`IT` stands for the input. Each way is tried with `weather`, which may go anywhere, so that the test says something, and
with `patients`, which may not go there.
"""

from typing import NamedTuple

import pytest

from rlmlite import Limits, Scripted, run
from rlmlite_kernel.records.settings import Policy
from tests.guard.flow.stage import INPUTS, SECRET, Stage


class Way(NamedTuple):
    """A way: what carries the content, and a program of the outer controller and of the inner one, if there is one."""

    name: str
    outer: str
    inner: str = 'final("end")'


WAYS = (
    # to a model, in the prompt
    Way("a placeholder", 'sub_lm("{IT}")'),
    Way("a placeholder's path", 'x = {a: {b: str(IT)}}\nsub_lm("{x.a.b}")'),
    Way("a named argument", 'sub_lm("{it}", it=upper(IT))'),
    Way("a computed prompt", 'sub_lm("Is this so: " + str(IT))'),
    Way("each row of a fan-out", 'extract_over_chunks(chunk(IT, size=9), "{chunk}")'),
    Way("what all prompts of a fan-out share", 'extract_over_chunks(["a", "b"], "{value} {IT}")'),
    Way("rows of a batch", 'extract_over_rows(IT.lines, "which?", schema={it: str})'),
    Way("a row of a batch that is asked again", 'x = extract_over_rows(IT.lines, "which?", schema={it: str}, batch=1)'),
    Way("labels, which the schema spells", 'classify(["a"], "is it?", labels=[str(IT), "b"])'),
    Way("items of a tree", 'reduce(IT.lines, "{items}", fan_in=2)'),
    Way("what all calls of a tree share", 'reduce(["a", "b", "c"], "{items} {IT}", fan_in=2)'),
    Way("answers of a tree's first level", 'x = reduce([str(IT), "b", "c"], "{items}", fan_in=2)'),
    # to a model, by what is asked of whom
    Way("the role", 'sub_lm("hello", role=pick(count(IT) > 1, "sub", "sub"))'),
    Way("the role of a fan-out", 'extract_over_chunks(["a"], "{value}", role=pick(count(IT) > 1, "sub", "sub"))'),
    Way("the number of calls", 'extract_over_chunks(range(count(search(IT, "n"))), "{value}")'),
    Way("the size of a batch", 'extract_over_rows(["a", "b"], "which?", schema={it: str}, batch=count(IT))'),
    Way("the width of a tree", 'reduce(["a", "b", "c"], "{items}", fan_in=count(IT))'),
    Way("how many may fail", 'extract_over_chunks(["a", "b"], "{value}", min_ok=pick(count(IT) > 1, 1, 2))'),
    # to a tool
    Way("an argument", "look(key=str(IT))"),
    Way("a side of a choice", 'look(key=pick(false, str(IT), "a"))'),
    Way("the condition of a choice", 'look(key=pick(count(IT) > 1, "a", "b"))'),
    Way("an argument of a call by name", 'tool_call("look", {key: str(IT)})'),
    Way("the name of a tool", 'tool_call(pick(count(IT) > 1, "look", "send"), {key: "a"})'),
    Way("names of arguments", 'tool_call("look", to_object([{k: "key", v: IT}], k, v))'),
    Way("a tool with side effects", "send(to=str(IT))"),
    # by way of a variable
    Way("a variable of another turn", "x = str(IT)\ny = [x]\nlook(key=y[0])"),
    Way("the answer of a model", 'x = sub_lm("{IT}", role="controller")\nlook(key=x)'),
    Way("the answers of a fan-out", 'x = extract_over_chunks(IT.lines, "{text}", role="controller")\nlook(key=str(x))'),
    Way("the result of a tool", "x = echo(key=str(IT))\nlook(key=x)"),
    Way("an order", 'x = sort([{a: 2, b: "x"}, {a: 1, b: "y"}], pick(count(IT) > 1, .a, .b))\nlook(key=x[0].b)'),
    Way("a number of rows", "x = range(count(IT.lines))\nlook(key=str(x))"),
    Way("a name of a column", "x = count_by(IT.lines, .text)\nlook(key=str(x))"),
    Way("a place in a text", 'x = search(IT, "n")[0].start\nlook(key=str(x))'),
    Way("a failed call", 'x = extract_over_chunks(IT.lines, "{text}", role="controller")\nlook(key=str(x.failed))'),
    # by way of a nested run
    Way("the answer of a nested run", "x = sub_rlm('say', context=IT)\nlook(key=str(x))"),
    Way("the input of a nested run", 'sub_rlm("say", context=IT)', 'sub_lm("{context}")'),
    Way("a part of its input", 'sub_rlm("say", context=IT[0:9])', "look(key=context)"),
    Way("one of its inputs", 'sub_rlm("say", context="a", b=str(IT))', "look(key=b)"),
    Way("its question", 'sub_rlm("say {IT}", context="a")', "look(key=question)"),
    Way("words of its question", 'sub_rlm("say {IT}", context="a")', 'look(key="sunny")'),
    Way("its share", 'sub_rlm("say", context="a", share=pick(count(IT) > 1, 0.3, 0.4))', 'sub_lm("few turns")'),
    Way("its depth", 'sub_rlm("say", context="a", depth=pick(count(IT) > 1, 1, 2))', 'sub_lm("deep")'),
)


@pytest.mark.parametrize("way", [pytest.param(way, id=way.name) for way in WAYS])
def test_a_label_goes_along(way: Way) -> None:
    """Content that may go anywhere arrives; content that may not is refused before anything is sent."""
    free = Stage([way.outer.replace("IT", "weather")], [f'{way.inner}\nfinal("end")'])
    bound = Stage([way.outer.replace("IT", "patients")], [f'{way.inner}\nfinal("end")'])

    assert free.leaked != [], free.shown["outer"][-1]
    assert bound.leaked == []


SHOWN = (
    "show(vault)",
    "preview(vault)",
    "describe(vault)",
    "x = upper(vault)\nshow(x)",
    "x = search(vault, /hunter.*/)",
    "x = sub_lm('{vault}', role='local')",
    'x = sub_rlm("say", context=vault)',
    "x = {a: [str(vault)]}",
    "note(str(vault))",
    "x = vault.nope",
    "x = json_parse(str(vault))",
    "x = tool_call(str(vault), {})",
    'x = sub_lm("hi", role=str(vault))',
    'x = classify(["a"], "?", labels=[str(vault)])',
    "x = to_object(vault.lines, text, line)\nshow(x)",
    "final(vault)",
    'final("x", evidence=vault)',
    'final("x", evidence="hunter2correct")',
)


@pytest.mark.parametrize("program", SHOWN)
@pytest.mark.parametrize("withholds", [("m:local", "m:second"), ("m:local", "m:first")])
def test_what_one_controller_may_not_see_no_controller_is_shown(program: str, withholds: tuple[str, ...]) -> None:
    """By no part of a prompt of either controller: inputs, history, variables, notes, remarks about the answer."""
    prompts: list[str] = []
    said = iter([program])

    def first(prompt: str, _: object) -> str:
        prompts.append(prompt)
        # Then silence, so that the second controller takes over.
        return next(said, "")

    def second(prompt: str, _: object) -> str:
        prompts.append(prompt)
        return "final(1)"

    run(
        "What?",
        {"vault": SECRET, "weather": INPUTS["weather"]},
        controller=[Scripted(first, "m:first"), Scripted(second, "m:second")],
        nested=Scripted(lambda *_: "final(context)", "m:local"),
        sub=Scripted(lambda *_: SECRET, "m:sub"),
        policy=Policy(egress={"vault": withholds}),
        answer_type=int,
        limits=Limits(turns=12),
        trace=False,
    )

    assert len(prompts) >= 2
    pieces = [SECRET[at : at + 6] for at in range(len(SECRET) - 5)]
    own = program.lower()
    assert not [each for each in pieces if each not in own and any(each in prompt.lower() for prompt in prompts)]


def test_labels_out_of_data_are_fenced() -> None:
    """They stand in the form of the answer, where an instruction of an input would read like one of the program's."""
    stage = Stage(['x = classify(["a"], "is it?", labels=[str(weather), "b"])'])
    (prompt,) = stage.read[:1]

    assert "of this form: <data " in prompt
    assert "from=labels>\n" in prompt
