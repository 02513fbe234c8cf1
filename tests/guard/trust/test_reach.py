"""Which model strings send prompts to a server: those need the caller's word, wherever they were found."""

import pytest

from rlmlite.clients.interface.placeholders import BY_HAND
from rlmlite.clients.registry import SCHEMES, asks_server

SERVERS = (
    "openai:gpt-5",
    "openai-responses:gpt-5",
    "http://127.0.0.1:9/v1#m",
    "https://h/v1/responses#m",
    "ollama:llama3",
    "http:",
    "openai:",
)
UNKNOWN = (
    "",
    "gpt-5",
    "HTTP://h/v1#m",
    " http://h/v1#m",
    "Scripted:f",
    "hand",
    "hand:x",
    "ftp://h",
    ":",
    "a host's own",
)
LOCAL = ("scripted:f.jsonl", "replay:t.rlm", "extractive:", "mailbox:box", BY_HAND)


@pytest.mark.parametrize("model", [*SERVERS, *UNKNOWN])
def test_a_model_that_may_leave_this_process_needs_a_word(model: str) -> None:
    """A server does, and so does whatever is not known to stay here."""
    assert asks_server(model)


@pytest.mark.parametrize("model", LOCAL)
def test_a_model_of_this_process_asks_no_server(model: str) -> None:
    """It answers from files, or by its own code."""
    assert not asks_server(model)


def test_every_scheme_says_where_prompts_go() -> None:
    """The two tables above have each scheme."""
    known = {model.partition(":")[0].replace("https", "http") for model in (*SERVERS, *LOCAL)}

    assert known == set(SCHEMES)
