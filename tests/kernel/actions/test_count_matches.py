"""Counting matches in one step: the same as counting hits, without holding them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlmlite_kernel import Limits
from rlmlite_kernel.actions.search import filter_hits
from rlmlite_kernel.records.evolution import FLAGS, WHOLE_LINES
from tests.kernel.machine import Machine
from tests.sizes import scale

LOG = "".join(f"{n} {'ERROR' if n % 7 == 0 else 'info'} user={'abc'[n % 3]} took {n} ms\n" for n in range(200))
DOCS = {"a.txt": "x\n" * 5, "b.txt": "nothing\n", "c.txt": "x x\nx", "d.txt": "", "e.txt": "xxx\n"}

SEARCHES = (
    'search(log, "ERROR")',
    "search(log, /ERROR|7/)",
    r"search(log, /user=(?<user>\w+) took (\d+)/)",
    r"search(log, /user=(?<user>\w+)/, where=.line > 50)",
    'search(log, "user", where=.text contains "ERROR" and .line < 100)',
    'search(log, template="user=<*> took <*> ms")',
    'search(docs, ["x", "thing"])',
    "search(docs, /x$/)",
    'search(log, "absent")',
    'search(log[100:900], "user")',
    'search(chunk(log, size=10, by="lines"), "took 1")',
    'search(docs, "x", where=.doc != "a.txt")',
)
KEYS = (".doc", "doc", ".match", ".text", ".line", ".user", ".groups[0]", "[.doc, .match]", ".nothing")


@pytest.fixture(params=[1 << 18, 3])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits become rows all together, or three at a time."""
    monkeypatch.setattr(filter_hits, "BATCH", request.param)


def machine() -> Machine:
    return Machine({"log": LOG, "docs": DOCS})


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("search", SEARCHES)
def test_a_fused_count_is_the_count_of_the_hits(search: str) -> None:
    """One step says the same number as two, with the same warnings, resting on the same matches."""
    two, one = machine(), machine()
    apart = two.turn(f"hits = {search}\nn = count(hits)")
    fused = one.turn(f"n = count({search})")

    assert one.steps()[-1].op == "count_matches"
    assert one.value("n") == two.value("n") == len(two.value("hits"))
    assert one.tainted("n").origins == two.tainted("n").origins
    assert [s.describe() for s in one.tainted("n").sources] == [s.describe() for s in two.tainted("n").sources]
    assert [line for line in fused.splitlines() if line.startswith("!")] == [
        line for line in apart.splitlines() if line.startswith("!")
    ]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("search", SEARCHES)
def test_a_fused_count_by_is_that_of_the_hits(search: str, key: str) -> None:
    """With a key too: the same rows in the same order, each resting on its first match."""
    two, one = machine(), machine()
    two.turn(f"hits = {search}\nn = count_by(hits, {key})")
    one.turn(f"n = count_by({search}, {key})")

    assert one.steps()[-1].op == "count_matches"
    assert one.value("n") == two.value("n")
    assert one.tainted("n").value.spans.cells(one.blobs) == two.tainted("n").value.spans.cells(two.blobs)


@pytest.mark.parametrize(
    "program",
    ['n = count(search(log, "ERROR", limit=3))', 'n = count_by(search(log, "ERROR"))', 'n = first(search(log, "7"))',
     'n = map([1, 2], count([.value]))', 'hits = search(log, "ERROR")\nn = count(hits)'],
)  # fmt: skip
def test_what_one_step_cannot_say_stays_two(program: str) -> None:
    """With a limit, without a key, or in another action, the hits themselves are made."""
    run = machine()
    run.turn(program)

    assert "count_matches" not in [step.op for step in run.steps()]
    assert not any(run.codes())


def test_it_can_be_said_outright() -> None:
    """`count_matches` is an action like others."""
    run = machine()

    assert run.of('count_matches(log, "ERROR")') == 29
    assert run.of('count_matches(docs, "x", key=.doc)')[0] == {"key": "a.txt", "n": 5}


def test_more_hits_than_fit_are_counted_all_the_same() -> None:
    """Hits that do not fit are refused at once, with what to do instead; and doing that works."""
    run = Machine({"log": "a\n" * 400_000}, limits=Limits(value_bytes=1_000_000))
    seen = run.turn('hits = search(log, "a")')
    refused = run.steps()[0]
    run.turn('n = count(search(log, "a"))\nby = count_by(search(log, "a"), .match)\nfew = search(log, "a", limit=9)')

    assert refused.code == "too_large"
    assert refused.used["search_work"] < 800_000
    assert "count(search(...))" in seen
    assert "limit=" in seen
    assert run.value("n") == 400_000
    assert run.value("by") == [{"key": "a", "n": 400_000}]
    assert len(run.value("few")) == 9


def test_rejected_hits_take_no_room() -> None:
    """A search with a condition holds only the hits that pass."""
    run = Machine({"log": "a\n" * 300_000 + "ab\n"}, limits=Limits(value_bytes=1_000_000))

    assert run.of('search(log, /a.?/, where=.match == "ab").line') == [300_001]


def test_a_limit_says_how_many_there_are() -> None:
    """`k of n hits`, whether a condition is given or not, over several documents too."""
    run = machine()
    whole = run.turn('hits = search(log, "user", limit=20)')
    some = run.turn('hits = search(log, "user", limit=20, where=.line > 100)')
    many = run.turn('hits = search(docs, "x", limit=6)')
    exact = run.turn('hits = search(docs, "x", limit=11)')

    assert "20 of 200 hits are kept" in whole
    assert "20 of 100 hits are kept" in some
    assert "6 of 11 hits are kept" in many
    assert "kept" not in exact
    assert run.codes() == [""]


def test_counting_past_a_limit_is_not_worth_everything() -> None:
    """It stops at twice the bytes of the target or half of what is left, and says so; the result is whole."""
    dense = Machine({"log": "aaaa\n" * 400_000})
    far = dense.turn("hits = search(log, /[a]/, limit=7)")
    tight = Machine({"log": "a\n" * 1_000}, limits=Limits(search_work=1_000))
    near = tight.turn('hits = search(log, "a", limit=7)')

    assert "7 of at least" in far
    assert dense.steps()[0].used["search_work"] <= 2 * 2_000_000
    assert len(dense.value("hits")) == 7
    assert "7 of at least 250 hits are kept: counting stopped at byte 500" in near
    assert dense.steps()[0].status == tight.steps()[0].status == "ok"
    assert "ran out" not in far + near


def test_running_out_of_work_is_partial() -> None:
    """A count that ran out of work is partial, and the observation says which bytes are unseen."""
    run = Machine({"docs": DOCS, "log": LOG}, limits=Limits(search_work=70))
    seen = run.turn('n = count(search(log, "user"))')

    assert "used up search_work" in seen
    assert run.value("n") == LOG[: LOG.rindex("\n", 0, 70) + 1].count("user")


def test_a_field_that_is_null_here_and_there_is_no_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning that a field is null in every row is about all hits, not about one batch of them."""
    monkeypatch.setattr(filter_hits, "BATCH", 2)
    run = Machine({"log": "a\n" * scale(300_000) + "b1\n"})
    seen = run.turn(r'hits = search(log, /a|b(?<n>\d)/, where=.n == "1")')
    slip = run.turn(r"hits = search(log, /b(\d)/, where=.nothing == 1)")

    assert len(run.value("hits")) == 0
    assert "null in every row" not in seen
    assert "`.nothing` is null in every row" in slip


def test_a_dollar_before_a_carriage_return_is_explained() -> None:
    """Before `WHOLE_LINES` a CR belonged to its line; if `$` found nothing for that reason, a search said so."""
    run = Machine({"log": "GET / 200\r\nGET /a 404\r\n"}, flags=FLAGS.keys() - {WHOLE_LINES})

    assert r"write \r?$" in run.turn("hits = search(log, /404$/)")
    assert r"write \r?$" in run.turn("n = count(search(log, /404$/))")
    assert run.of(r"count(search(log, /404\r?$/))") == 1
    assert r"\r" not in run.turn("hits = search(log, /405/)")
    assert r"\r" not in Machine({"log": "404 \n"}, flags=()).turn("hits = search(log, /404$/)")


@settings(max_examples=scale(60))
@given(
    docs=st.dictionaries(st.sampled_from(["a.x", "b.x", "c.x"]), st.text("ab\n", max_size=30), min_size=1),
    query=st.sampled_from(['"a"', "/a+/", "/^b?/", '["ab", "b"]', "/(?<k>a)|b/"]),
    work=st.sampled_from([10**9, 60, 25, 7]),
)
def test_one_step_and_two_agree_on_any_budget(docs: dict[str, str], query: str, work: int) -> None:
    """The count and the charge are the same, even if the work ends in the middle."""
    one, two = (Machine({"docs": docs}, limits=Limits(search_work=work)) for _ in range(2))
    one.turn(f"n = count(search(docs, {query}))")
    two.turn(f"hits = search(docs, {query})\nn = count(hits)")

    assert one.value("n") == two.value("n")
    assert one.steps()[0].used.get("search_work") == two.steps()[0].used.get("search_work")
