"""Every command is run once, with secrets wherever the machine has some: no file is anybody else's to read, and none,
nor any stream, says a secret."""

import os
import stat
from pathlib import Path

import pytest

from tests.rlmlite.cli.commands import LOG, process

CANARY = "sk-canary-4f1d0c9b2e"
PROGRAM = 'hits = search(context, "ERROR")\na = llm("Which disk?", hits[0].text)\nfinal(count(hits), evidence=hits)'
URL = f"https://user:{CANARY}@127.0.0.1:9/log?token={CANARY}"

SECRETS = {
    "OPENAI_API_KEY": CANARY,
    "SOME_OTHER_TOKEN": CANARY,
    "HTTPS_PROXY": f"http://user:{CANARY}@127.0.0.1:9",
    "OPENAI_BASE_URL": f"http://user:{CANARY}@127.0.0.1:9/v1?key={CANARY}",
}
"""What the environment of a user may hold, and no file or stream may say."""

COMMANDS = (
    ("exec", "-e", PROGRAM, "app.log", "--sub", "extractive", "--trace", "a.rlm"),
    ("-v", "exec", "-e", "final(context)", "app.log", "--copy", "--store", "copies", "--trace", "b.rlm"),
    ("exec", "-e", 'final(llm("Which?", context))', "app.log", "--sub", "openai:gpt-4o", "--trace", "c.rlm"),
    ("-v", "exec", "-e", "final(context)", URL, "--trace", "d.rlm"),
    ("exec", "-e", PROGRAM, "app.log", "--sub", "extractive", "--dry-run"),
    ("session", "new", "s.rlm", "app.log"),
    ("session", "exec", "s.rlm", "-e", 'a = llm("Which?", context)'),
    ("session", "pending", "s.rlm"),
    ("session", "abandon", "s.rlm"),
    ("session", "seal", "s.rlm"),
    ("keygen", "me.key"),
    ("trace", "sign", "a.rlm", "--key", "me.key"),
    ("trace", "witness", "a.rlm", "--roots", "roots.txt"),
    ("trace", "view", "a.rlm", "-o", "a.html"),
    ("trace", "prove", "a.rlm", "1", "-o", "step.json"),
    ("trace", "pack", "a.rlm", "a.rlmz", "--inputs"),
    ("trace", "unpack", "a.rlmz", "unpacked.rlm"),
    ("trace", "redact", "unpacked.rlm", "--containing", "disk 90", "--yes"),
    ("trace", "show", "c.rlm", "--full"),
    ("trace", "egress", "c.rlm", "--json"),
    ("trace", "audit", "c.rlm"),
    ("trace", "replay", "c.rlm"),
    ("trace", "ls"),
    ("store", "ls", "--store", "copies"),
    ("doctor",),
    ("doctor", "--json"),
)

MADE_PUBLIC = {"me.key.pub"}
"""What a user makes to give away."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, int, str]]]:
    """The folder in which every command was run, and what each said. Nothing is masked off the modes of new files."""
    folder = tmp_path_factory.mktemp("every")
    (folder / "app.log").write_text(LOG, "utf-8")
    before = os.umask(0o000)
    try:
        environment = os.environ | SECRETS | {"RLMLITE_HOME": str(folder / "home"), "NO_PROXY": ""}
        said = []
        for command in COMMANDS:
            done = process(*command, cwd=folder, env=environment)
            said.append((" ".join(command), done.returncode, done.stdout + done.stderr))
    finally:
        os.umask(before)
    return folder, said


def made(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.name != "app.log"]


@pytest.mark.slow
def test_every_file_is_its_users_alone(run: tuple[Path, list[tuple[str, int, str]]]) -> None:
    """Traces, journals, stores, packed files, pages, proofs, keys, roots and settings: 0600, in folders of 0700."""
    folder, _ = run
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in made(folder)}

    open_to_others = {name: oct(mode) for name, mode in modes.items() if mode & 0o077 and name not in MADE_PUBLIC}

    assert len(modes) > 40
    assert open_to_others == {}


@pytest.mark.slow
def test_no_file_and_no_stream_says_a_secret(run: tuple[Path, list[tuple[str, int, str]]]) -> None:
    """Neither a key, nor the password or token of an address, of a proxy, of a server: but where a user wrote it."""
    folder, said = run

    loud = [command for command, _, words in said if CANARY in words]
    files = [str(path) for path in made(folder) if path.is_file() and CANARY.encode() in path.read_bytes()]

    assert (loud, files) == ([], [])
    # The commands did run. No server can be reached, nobody answers at the address, a session waits and has no answer.
    assert [code for _, code, _ in said if code] == [1, 5, 10, 1]
