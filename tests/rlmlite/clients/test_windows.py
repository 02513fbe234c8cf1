"""Windows: who says how many tokens a model reads, in which order it counts, and what it costs to ask."""

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rlmlite
from rlmlite.clients.interface.protocol import Documents
from rlmlite.clients.openai.looking import window_by
from rlmlite.clients.windows import find
from rlmlite.clients.windows.server_words import LARGEST
from rlmlite.events import Event, WindowKnown
from rlmlite_kernel.effects.requests import Answered, Request, Result
from rlmlite_kernel.records.settings import Role
from rlmlite_traces import Verdict, replay, verify
from tests.rlmlite.clients.openai.model_server import ModelServer, hello, serve

BASE = "http://h:8000/v1"
ASK = 'final(sub_lm("What is {context}?"))'

LISTS: dict[str, tuple[Any, int | None]] = {
    "vLLM": ({"data": [{"id": "m", "max_model_len": 8192}]}, 8192),
    "OpenRouter": ({"data": [{"id": "x"}, {"id": "m", "context_length": 9, "top_provider": {"context_length": 7}}]}, 7),
    "Groq": ({"data": [{"id": "m", "context_window": 32768}, {"id": "n", "context_window": 1}]}, 32768),
    "one model under another name": ({"data": [{"id": "/models/m.gguf", "max_model_len": 512}]}, 512),
    "none of several": ({"data": [{"id": "a", "max_model_len": 1}, {"id": "b", "max_model_len": 2}]}, None),
    "no number": ({"data": [{"id": "m", "max_model_len": "8192", "context_length": True}]}, None),
    "numbers that no window has": ({"data": [{"id": "m", "max_model_len": 0, "context_length": -1}]}, None),
    "a number without an end": ({"data": [{"id": "m", "max_model_len": 10**30}]}, None),
    "no list": ({"data": {"m": 1}}, None),
    "no object": ([1, 2], None),
}
"""What servers say under `/v1/models`, and the window that it means."""


def pages(**said: Any) -> Any:
    """A `fetch` of these documents, by the last two parts of their path; all others are refused."""
    asked: list[str] = []

    def fetch(url: str, posted: Mapping[str, str] | None) -> bytes | None:
        asked.append(url if posted is None else f"{url} {posted}")
        page = said.get("_".join(url.split("/")[-2:]))
        return b"" if page is None else msgspec.json.encode(page)

    return fetch, asked


@pytest.mark.parametrize("server", LISTS)
def test_a_list_of_models_says_a_window(server: str) -> None:
    """By the entry of the model; what is no window says nothing."""
    said, window = LISTS[server]
    fetch, _ = pages(v1_models=said)

    assert window_by(fetch, BASE, "m", {}) == window


def test_llama_cpp_says_what_a_call_has_before_what_was_trained() -> None:
    """`/props` has the context of a slot; the list only what the model was trained for."""
    listed = {"data": [{"id": "m", "meta": {"n_ctx_train": 131_072}}]}
    props = {"default_generation_settings": {"n_ctx": 4096}}

    assert window_by(pages(v1_models=listed, **{"h:8000_props": props})[0], BASE, "m", {}) == 4096
    assert window_by(pages(v1_models=listed)[0], BASE, "m", {}) == 131_072


def test_ollama_says_what_is_loaded_then_what_is_set_then_what_was_trained() -> None:
    """The least of them is what a call has."""
    listed = {"data": [{"id": "m", "owned_by": "library"}]}
    loaded = {"models": [{"name": "n", "context_length": 1}, {"name": "m:latest", "context_length": 4096}]}
    shown: dict[str, Any] = {"model_info": {"llama.context_length": 131_072, "llama.block_count": 3}}
    a, asked = pages(v1_models=listed, api_ps=loaded, api_show=shown)

    assert window_by(a, BASE, "m", {}) == 4096
    assert asked == [f"{BASE}/models", "http://h:8000/api/ps"]
    assert window_by(pages(v1_models=listed, api_show=shown)[0], BASE, "m", {}) == 131_072
    shown = {**shown, "parameters": 'stop "x"\nnum_ctx                        8192\n'}
    assert window_by(pages(v1_models=listed, api_show=shown)[0], BASE, "m", {}) == 8192


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "id", "max_model_len", "meta", "n_ctx", "models", "owned_by", "model_info", "m"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.binary(max_size=20))
def test_whatever_a_server_says_is_a_window_or_nothing(document: object, other: bytes) -> None:
    """Documents of strangers raise nothing, and no number beyond all windows is believed."""
    replies = {f"{BASE}/models": msgspec.json.encode(document)}
    window = window_by(lambda url, _: replies.get(url, other), BASE, "m", {})

    assert window is None or 0 < window <= LARGEST


class Own:
    """A host's client that says its window, or finds it out."""

    server = "http://own"

    def __init__(self, window: int | None, asked: int | None, published: int | None) -> None:
        self.model = "own:"
        self._window, self._asked, self._published = window, asked, published

    def role(self) -> Role:
        return Role(model=self.model, window=self._window)

    def ask_window(self, documents: Documents) -> int | None:
        documents["/"] = b""
        return self._asked

    def published_window(self) -> int | None:
        return self._published

    async def complete(self, text: str, request: Request) -> Result:
        return Answered("an answer")


@pytest.mark.parametrize(
    ("said", "client", "window", "source"),
    [
        (100, Own(200, 300, 400), 100, "host"),
        (None, Own(200, 300, 400), 200, "client"),
        (None, Own(None, 300, 400), 300, "server"),
        (None, Own(None, None, 400), 400, "price list"),
        (None, Own(None, None, None), None, ""),
    ],
)
def test_the_first_who_knows_is_believed_and_recorded(
    said: int | None, client: Own, window: int | None, source: str, tmp_path: Path
) -> None:
    """The host, the client, its server, the price list; the genesis has it with its source, and an event says it."""
    told: list[Event] = []
    roles = {"sub": {"window": said}}
    rlmlite.execute(ASK, "text", sub=client, roles=roles, trace=tmp_path / "t.rlm", on_event=told.append)

    trace = verify(tmp_path / "t.rlm")
    role = json.loads(trace.content(trace.genesis.settings))["roles"]["sub"]
    assert (role["window"], role["window_source"]) == (window, source)
    known = [event for event in told if isinstance(event, WindowKnown)]
    assert known == ([] if window is None else [WindowKnown("sub", "own:", window, source)])


def test_an_answer_leaves_the_prompt_three_quarters_of_a_small_window(tmp_path: Path) -> None:
    """Else a controller's 8,192 tokens would leave no room at all; what the host says of the answer stands."""
    for options, most in (({}, 1_000), ({"max_output_tokens": 3_000}, 3_000)):
        trace = tmp_path / f"{most}.rlm"
        controller = Own(None, 4_000, None)
        rlmlite.run("?", "text", controller=controller, roles={"controller": options}, limits={"turns": 1}, trace=trace)
        checked = verify(trace)
        role = json.loads(checked.content(checked.genesis.settings))["roles"]["controller"]

        assert (role["window"], role["max_output_tokens"]) == (4_000, most)


def execute_over(server: ModelServer, program: str, trace: Path | bool = False, **settings: Any) -> rlmlite.Outcome:
    """A program whose `sub` and `judge` are models of a server."""
    models = {"sub": f"{server.url}#m", "roles": {"judge": f"{server.url}#n"}}
    return rlmlite.execute(program, "text", prices={"": "0,0"}, trace=trace, **{**models, **settings})


def test_a_server_is_asked_once_for_all_its_models_and_not_by_a_replay(tmp_path: Path) -> None:
    """Two roles, one request; a program without calls makes none; the trace replays when the server is gone."""
    said = {"/v1/models": {"data": [{"id": "m", "max_model_len": 4096}, {"id": "n", "max_model_len": 2048}]}}
    trace = tmp_path / "t.rlm"

    async def run() -> list[str]:
        async with serve(hello, said) as server:
            await asyncio.to_thread(execute_over, server, "final(count(context.lines))")
            assert server.looked == []
            await asyncio.to_thread(execute_over, server, ASK, trace)
            return server.looked

    assert asyncio.run(run()) == ["/v1/models"]
    checked = verify(trace)
    roles = json.loads(checked.content(checked.genesis.settings))["roles"]
    assert {name: role["window"] for name, role in roles.items()} == {"sub": 4096, "judge": 2048}
    assert replay(checked).verdict is Verdict.REPRODUCED


def test_a_server_that_keeps_its_answer_back_costs_a_note_and_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on without a window; the wait for all servers together is bounded."""
    monkeypatch.setattr(find, "SECONDS", 0.1)
    release = threading.Event()

    class Silent(Own):
        def ask_window(self, documents: Documents) -> int | None:
            release.wait(5)
            return 5

    told: list[str] = []
    began = time.monotonic()
    outcome = rlmlite.execute(ASK, "text", sub=Silent(None, None, None), trace=False, tell=told.append)
    seconds = time.monotonic() - began
    release.set()

    assert (outcome.value, outcome.status) == ("an answer", "completed")
    assert ["--role NAME.window=TOKENS" in message for message in told] == [True]
    assert seconds < 2
