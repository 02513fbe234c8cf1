"""A key goes to the server that it is bound to: no other host, port or scheme, not by a redirect, not into a file."""

import asyncio
import json
import logging
from pathlib import Path

import msgspec
import pytest

import rlmlite
from rlmlite.clients import Calling, client
from rlmlite.clients.interface.keys import OPENAI_ORIGIN, bindings, key_of, origin_of
from rlmlite.clients.interface.prices import Price
from rlmlite.errors import ModelError, SettingError
from rlmlite_kernel.effects.requests import Answered, Failed, Request, Result
from tests.guard.trust.folder import command, hostile_folder
from tests.guard.trust.listener import COMPLETION, Listener, listen
from tests.rlmlite.user_settings import write_user_settings

CANARY = "sk-canary-0123456789abcdef"
OTHER = "sk-other-fedcba9876543210"


@pytest.fixture(autouse=True)
def _two_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_KEY", CANARY)
    monkeypatch.setenv("SECOND_KEY", OTHER)
    for name in ("RLMLITE_API_KEY", "OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def ask(model: str, keys: dict[str, str] | None = None, text: str = "hi") -> Result:
    """One call of a model."""
    calling = Calling(retries=0, timeout=3.0, prices={"": Price(0, 0)}, keys=bindings("keys", keys or {}))
    request = Request("0" * 32, "sub", "m", 100, ("?",), 1, "0" * 64)
    return asyncio.run(client(model, calling).complete(text, request))


def test_two_servers_each_get_their_own_key() -> None:
    """In one run, which has both."""
    with listen() as first, listen() as second:
        keys = {f"127.0.0.1:{first.port}": "FIRST_KEY", f"127.0.0.1:{second.port}": "SECOND_KEY"}
        first.reply = (200, {}, COMPLETION.replace(b"final(1)", b'final(sub_lm(\\"?\\"))'))
        outcome = rlmlite.run(
            "How?", "text", controller=first.model(), sub=second.model(), keys=keys, retries=0, prices={"": "0,0"}
        )

        assert outcome.value == "final(1)"
        assert (CANARY in first.heard, OTHER in first.heard) == (True, False)
        assert (CANARY in second.heard, OTHER in second.heard) == (False, True)
        trace = b"".join(path.read_bytes() for path in Path(".rlmlite").rglob("*") if path.is_file())
        assert CANARY.encode() not in trace


BOUND = "the server that is asked"
NOT_BOUND = {
    "another host": {"127.0.0.2:{port}": "FIRST_KEY"},
    "the name of the same machine": {"localhost:{port}": "FIRST_KEY"},
    "another port": {"127.0.0.1:{next}": "FIRST_KEY"},
    "no port": {"127.0.0.1": "FIRST_KEY"},
    "https only": {"https://127.0.0.1:{port}": "FIRST_KEY"},
    "a longer host": {"127.0.0.1.evil.host:{port}": "FIRST_KEY"},
    "a shorter host": {"0.0.1:{port}": "FIRST_KEY"},
    "nothing": {},
}


@pytest.mark.parametrize("case", NOT_BOUND)
def test_a_server_that_is_not_bound_gets_no_key(case: str) -> None:
    """Scheme, host and port have to be the same."""
    with listen() as server:
        keys = {host.format(port=server.port, next=server.port + 1): name for host, name in NOT_BOUND[case].items()}
        assert isinstance(ask(server.model(), keys), Answered)

        assert "authorization" not in server.heard.lower()


REDIRECTS = {
    "another port": ("http://127.0.0.1:{other}/v1/chat/completions", 302),
    "another port, kept": ("http://127.0.0.1:{other}/v1/chat/completions", 307),
    "for good": ("http://127.0.0.1:{other}/v1/chat/completions", 308),
    "as a look": ("http://127.0.0.1:{other}/v1", 303),
    "moved": ("http://127.0.0.1:{other}/", 301),
    "another host": ("http://localhost:{other}/v1/chat/completions", 307),
    "without a scheme": ("//127.0.0.1:{other}/v1", 307),
    "the same server": ("/v1/elsewhere", 307),
    "a user in the address": ("http://127.0.0.1:{port}@127.0.0.1:{other}/v1", 307),
    "to a file": ("file:///etc/passwd", 302),
    "several": ("http://127.0.0.1:{other}/v1", 300),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("case", REDIRECTS)
def test_no_redirect_is_followed(case: str, streamed: bool) -> None:
    """Neither the key nor the prompt goes anywhere else, not even on the same server."""
    location, status = REDIRECTS[case]
    with listen() as server, listen() as other:
        target = location.format(port=server.port, other=other.port)
        server.reply = (status, {"Location": target}, b"{}")
        calling = Calling(
            retries=2, timeout=3.0, stream=streamed, keys=bindings("keys", {f"127.0.0.1:{server.port}": "FIRST_KEY"})
        )
        request = Request("0" * 32, "sub", "m", 100, ("?",), 1, "0" * 64)
        result = asyncio.run(client(server.model(), calling).complete("the prompt", request))

        assert isinstance(result, Failed)
        assert other.requests == []
        assert {line.split("\n")[0] for line in server.requests} == {"POST /v1/chat/completions HTTP/1.1"}


ENVIRONMENT = {
    "OPENAI_CUSTOM_HEADERS": f"Authorization: Bearer {CANARY}\nX-Team: {CANARY}\nCookie: {CANARY}",
    "OPENAI_ORG_ID": CANARY,
    "OPENAI_PROJECT_ID": CANARY,
    "OPENAI_ADMIN_KEY": CANARY,
    "OPENAI_API_KEY": CANARY,
    "OPENAI_WEBHOOK_SECRET": CANARY,
    "OPENAI_BASE_URL": "http://127.0.0.1:{other}/v1",
    "AZURE_OPENAI_API_KEY": CANARY,
    "NETRC": "netrc",
}


@pytest.mark.parametrize("bound", [False, True], ids=["no key", "a key"])
@pytest.mark.parametrize("variable", ENVIRONMENT)
def test_nothing_that_the_sdk_finds_in_the_environment_is_sent(
    variable: str, bound: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is meant for OpenAI. Another server gets its own key or none, and nothing else."""
    Path("netrc").write_text(f"machine 127.0.0.1 login me password {CANARY}\n")
    with listen() as server, listen() as other:
        monkeypatch.setenv(variable, ENVIRONMENT[variable].format(other=other.port))
        result = ask(server.model(), {f"127.0.0.1:{server.port}": "SECOND_KEY"} if bound else {})

        assert isinstance(result, Answered)
        assert CANARY not in server.heard
        assert (OTHER in server.heard) is bound
        assert other.requests == []


def test_the_shared_key_goes_to_one_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two, the run is refused before any call, and the message says how to bind."""
    monkeypatch.setenv("RLMLITE_API_KEY", CANARY)
    with listen() as first, listen() as second:
        for roles in (
            {"controller": first.model(), "sub": second.model()},
            {"controller": [first.model(), second.model()]},
            {"controller": first.model(), "nested": [second.model()]},
            {"controller": client(first.model()), "sub": client(second.model())},
            {"controller": first.model(), "sub": first.model("localhost")},
        ):
            with pytest.raises(ModelError, match=r"RLMLITE_API_KEY would go to http://.* and http://.*RLMLITE_KEYS="):
                rlmlite.run("?", "text", **roles)

        assert first.requests == second.requests == []


def test_the_shared_key_can_be_bound_and_then_goes_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another server of the run gets none."""
    monkeypatch.setenv("RLMLITE_API_KEY", CANARY)
    with listen() as first, listen() as second:
        keys = {f"http://127.0.0.1:{first.port}": "RLMLITE_API_KEY"}
        for server in (first, second):
            ask(server.model(), keys)

        assert CANARY in first.heard
        assert "authorization" not in second.heard.lower()


def test_one_server_under_two_names_of_models_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the origin, not the model string."""
    monkeypatch.setenv("RLMLITE_API_KEY", CANARY)
    with listen() as server:
        sub = server.model(path="/v1/") + "other"
        outcome = rlmlite.run("?", "text", controller=server.model(), sub=sub, retries=0, prices={"": "0,0"})

        assert outcome.value == 1


@pytest.mark.parametrize("source", ["file", "environment", "entry"])
def test_where_bindings_may_stand(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the user's own file and in the environment; the variables may be called `RLMLITE_...`."""
    monkeypatch.setenv("RLMLITE_LAB_KEY", CANARY)
    hostile_folder(Path())
    with listen() as server:
        host = f"http://127.0.0.1:{server.port}"
        if source == "file":
            write_user_settings(f'[keys]\n"{host}" = "RLMLITE_LAB_KEY"\n')
        elif source == "environment":
            monkeypatch.setenv("RLMLITE_KEYS", json.dumps({host: "RLMLITE_LAB_KEY"}))
        else:
            monkeypatch.setenv(f"RLMLITE_KEYS__{host}", "RLMLITE_LAB_KEY")
        command("ask", "How?", "app.log", "--controller", server.model(), "--price", "0,0")

        assert f"Bearer {CANARY}" in server.heard


@pytest.mark.parametrize("trusted", [False, True], ids=["not trusted", "trusted"])
def test_a_folder_binds_no_key(trusted: bool) -> None:
    """Not even one that is trusted: that is a word about the folder, not about a key."""
    with listen() as server:
        hostile_folder(Path(), f'[keys]\n"http://127.0.0.1:{server.port}" = "FIRST_KEY"\n')
        if trusted:
            command("trust", "--yes")
        done = command("ask", "How?", "app.log", "--controller", server.model(), "--price", "0,0")

        assert "keys" in done.stderr
        assert "authorization" not in server.heard.lower()


def test_a_model_of_an_untrusted_folder_gets_no_call_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the shared key nor a bound one, and no input."""
    monkeypatch.setenv("RLMLITE_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with listen() as server:
        url = server.model()
        hostile_folder(Path(), f'controller = "{url}"\nsub = "{url}"\nnested = ["{url}"]\n')
        command("exec", "-e", 'final(sub_lm("?"))', "app.log", code=None)
        command("ask", "How?", "app.log", code=None)
        command("ask", "How?", "app.log", "--controller", "scripted:script.jsonl")
        command("session", "new", "s.rlm", "app.log")
        command("session", "exec", "s.rlm", "-e", 'final(sub_lm("?"))', code=None)

        assert server.requests == []


@pytest.mark.parametrize("reply", [(200, "the key is KEY"), (400, "KEY"), (500, "KEY"), (403, "wrong: KEY.")])
def test_a_server_that_repeats_the_key_puts_it_nowhere(
    reply: tuple[int, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not into an answer, a trace, a message or a log."""
    monkeypatch.setenv("OPENAI_LOG", "debug")
    caplog.set_level(logging.DEBUG)
    status, text = reply[0], reply[1].replace("KEY", CANARY)
    with listen() as server:
        body = json.dumps({"error": {"message": text}}).encode()
        server.reply = (status, {}, COMPLETION.replace(b"final(1)", text.encode()) if status == 200 else body)
        keys = {f"127.0.0.1:{server.port}": "FIRST_KEY"}
        outcome = rlmlite.execute(
            'final(sub_lm("?"))', "text", sub=server.model(), keys=keys, retries=0, trace="t.rlm", prices={"": "0,0"}
        )

    files = [path for path in Path("t.rlm").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
    assert CANARY not in repr(msgspec.structs.asdict(outcome)) + repr(outcome) + caplog.text


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated", "ignore:The .proxy_auth. parameter")
def test_a_proxys_password_is_not_repeated(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is a word of the environment; the message for one that refuses does not quote its address."""
    with listen() as server:
        server.reply = (407, {}, b"{}")
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://me:{CANARY}@127.0.0.1:{server.port}")
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("NO_PROXY", "")
        assert isinstance(ask("http://model.invalid/v1#m"), Failed)
        server.reply = (200, {}, b"")
        assert isinstance(ask("http://model.invalid/v1#m"), Failed)

    assert isinstance(ask("http://model.invalid/v1#m"), Failed)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("key", ["two words", "a\r\nX-Evil: 1", "schlüssel", "a\x00b", "\x1b[31m"])
def test_what_is_no_key_is_refused_without_being_repeated(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line end in a header would begin another one, and the SDK's error for it quotes the header."""
    monkeypatch.setattr("os.environ", {"BAD_KEY": CANARY + key})
    with pytest.raises(ModelError, match="BAD_KEY holds no key") as found:
        key_of("https://h:443", {"https://h:443": "BAD_KEY"})

    assert CANARY not in str(found.value)


@pytest.mark.parametrize("value", [CANARY, "sk_lower", "", "A B", 5, None, "A=B", "A" * 200])
def test_a_key_in_the_place_of_a_variable_is_refused_without_being_repeated(value: object) -> None:
    """Whoever mistakes what is to stand there writes the key itself."""
    with pytest.raises(SettingError, match="the name of the environment variable") as found:
        bindings("keys", {"api.host": value})

    assert CANARY not in str(found.value)


@pytest.mark.parametrize("value", [CANARY, [CANARY], {CANARY: "HOST_KEY"}, {f"me:{CANARY}@h": "HOST_KEY"}, 5])
def test_a_key_in_the_place_of_the_bindings_is_refused_without_being_repeated(
    value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In Python, and in the variable whose name is close to that of the key."""
    if value != {CANARY: "HOST_KEY"}:  # that is a host of this name, and nothing is wrong with it
        with pytest.raises(SettingError, match="setting keys: expected") as found:
            bindings("keys", value)
        assert CANARY not in str(found.value)
    monkeypatch.setenv("RLMLITE_KEYS", value if isinstance(value, str) else json.dumps(value))
    done = command("exec", "-e", "final(1)", code=None)

    assert CANARY not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "host", ["api.host", "https://openai.com", "api.openai.com.evil.host", "http://api.openai.com"]
)
def test_openais_key_is_bound_to_openai_only(host: str) -> None:
    """By whoever it is bound."""
    with pytest.raises(SettingError, match=r"OPENAI_API_KEY goes to api\.openai\.com only"):
        bindings("keys", {host: "OPENAI_API_KEY"})


NO_HOSTS = ("", "/", "h/v1", "http://h/v1", "h h", "h:port", "h:99999", "ftp://h", "me@h", "h\\x", 5)


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_is_no_host_is_refused(host: object) -> None:
    """With what it should be."""
    with pytest.raises(SettingError, match="expected hosts"):
        bindings("keys", {host: "HOST_KEY"})


ORIGINS = {
    "https://api.host/v1": "https://api.host:443",
    "https://API.Host:443/v1": "https://api.host:443",
    "http://h:8000/v1/responses": "http://h:8000",
    "http://[::1]:8000/v1": "http://[::1]:8000",
    "https://api.openai.com/v1": OPENAI_ORIGIN,
}
UNCLEAR = (
    "http://evil.host\\.good.host/v1",
    "http://good.host\\@evil.host/v1",
    "http://me@h/v1",
    "http://h\t.evil/v1",
    "http://h\n/v1",
    "http://h /v1",
    "http://schl\u00fcssel.host/v1",
    "http://h\uff0fevil/v1",
    "http://h%2fevil/v1",
    "http:///v1",
    "http://h:0/v1",
    "http://h:x/v1",
    "h/v1",
    "file:///etc/passwd",
)


def test_an_address_has_one_origin() -> None:
    """In one spelling."""
    assert {address: origin_of(address) for address in ORIGINS} == ORIGINS


@pytest.mark.parametrize("address", UNCLEAR)
def test_an_address_that_two_parsers_may_read_differently_is_none(address: str) -> None:
    """The key would be looked up for one host and go to the other."""
    assert origin_of(address) is None
    with pytest.raises(ModelError):
        client(f"{address}#m")


def test_a_region_of_openai_may_have_its_key() -> None:
    """Only if it is bound to it."""
    assert bindings("keys", {"eu.api.openai.com": "OPENAI_API_KEY"}) == {
        "https://eu.api.openai.com:443": "OPENAI_API_KEY"
    }


def test_bindings_are_understood_wherever_a_host_writes_them() -> None:
    """Also in a `Calling` that it makes itself."""
    found = key_of("https://api.host:443", {"api.host": "FIRST_KEY"})

    assert found is not None
    assert (found.text, found.variable) == (CANARY, "FIRST_KEY")
    assert CANARY not in repr(found) + repr(list(found.__rich_repr__()))


def test_a_bound_key_that_is_missing_is_said() -> None:
    """By the name of its variable, before the run begins."""
    with pytest.raises(ModelError, match="needs a key in the environment variable ABSENT_KEY"):
        ask("https://api.host/v1#m", {"api.host": "ABSENT_KEY"})


def test_a_listener_hears_what_is_sent() -> None:
    """The attacks above would be seen."""
    with listen() as server:
        assert isinstance(server, Listener)
        ask(server.model(), {f"http://127.0.0.1:{server.port}": "FIRST_KEY"}, "the prompt")

        assert CANARY in server.heard
        assert "the prompt" in server.heard
