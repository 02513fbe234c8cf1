"""Packed, signed and witnessed traces are forged in every way that we know, and found as the table says."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import rlmlite
from docs.passed_on import PASSED_ON, REFUSED, Found
from rlmlite_traces import (
    AlongCheck,
    CheckedTrace,
    InputSearch,
    KnownRoots,
    PublicKey,
    RootStanding,
    TraceError,
    claimed_signers,
    generate_key,
    nested_traces,
    pack,
    sign,
    unpack,
    verify,
    witness,
)
from rlmlite_traces.files.guarded import Folder
from rlmlite_traces.format.lines import SIGNATURES
from rlmlite_traces.sharing.signing.keys import PrivateKey
from tests.traces.sharing.archives import write_archive


class Scene:
    """A packed trace with its input, signed by alice and noted; eve forges a copy of its folder or its file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.place = folder, folder / "a.rlmz", folder / "a.rlm"
        self.key = generate_key(folder / "alice.key")
        generate_key(folder / "eve.key")
        self.run("whole.rlm", "ERROR", "01" * 32)
        self.sign(folder / "whole.rlm", "alice")
        witness(verify(folder / "whole.rlm"), folder / "roots.txt")
        pack(folder / "whole.rlm", self.file, inputs=InputSearch(recorded_paths=True))
        unpack(self.file, self.place)

    def run(self, name: str, word: str, key: str) -> Path:
        """A trace of a run with this key."""
        (self.folder / "app.log").write_text("ERROR x\nINFO y\n")
        program = f'final(count(search(log, "{word}")))'
        rlmlite.execute(program, {"log": self.folder / "app.log"}, trace=self.folder / name, run_key=key)
        return self.folder / name

    def sign(self, place: Path, who: str) -> None:
        """Sign a trace."""
        sign(place, PrivateKey.read(self.folder / f"{who}.key"))

    def unsigned(self) -> None:
        """Take the signature away."""
        (self.place / SIGNATURES).unlink()

    def cut(self) -> None:
        """Take the seal away."""
        lines = (self.place / "trace.jsonl").read_bytes().splitlines(keepends=True)
        (self.place / "trace.jsonl").write_bytes(b"".join(lines[:-1]))

    def exchange(self, other: Path) -> None:
        """Put another trace in its place, signed by eve."""
        self.sign(other, "eve")
        shutil.rmtree(self.place)
        other.rename(self.place)

    def packed_again(self) -> Path:
        """The folder, packed as it is, with whatever was changed."""
        with Folder.open(self.place) as folder:
            contents = {name: folder.read(name) for name in folder.names() if folder.is_plain(name)}
        contents |= {f"inputs/{path.name}": path.read_bytes() for path in (self.place / "inputs").glob("*")}
        for private in ("lock", "origin", "timing.jsonl"):
            contents.pop(private, None)
        return write_archive(self.folder / "forged.rlmz", contents)


def change_archive(scene: Scene) -> None:
    data = bytearray(scene.file.read_bytes())
    data[len(data) // 2] ^= 1
    scene.file.write_bytes(data)


def change_input(scene: Scene) -> None:
    (path,) = (scene.place / "inputs").iterdir()
    path.write_bytes(path.read_bytes().replace(b"x", b"z"))


def add_file(scene: Scene) -> None:
    (scene.place / "notes.txt").write_text("the answer is right")


def sign_as_eve(scene: Scene) -> None:
    scene.unsigned()
    scene.sign(scene.place, "eve")


def take_signature(scene: Scene) -> None:
    other = scene.run("other.rlm", "INFO", "02" * 32)
    scene.sign(other, "alice")
    shutil.copy(other / SIGNATURES, scene.place / SIGNATURES)


def cut_all(scene: Scene) -> None:
    scene.cut()
    scene.unsigned()


FORGE: dict[str, Callable[[Scene], object]] = {
    "nothing": lambda scene: None,
    "a byte of the archive": change_archive,
    "a file that came along as an input": change_input,
    "a file is added to the archive": add_file,
    "the signature is removed": Scene.unsigned,
    "the signature is the forger's own": sign_as_eve,
    "the signature is that of another trace": take_signature,
    "the seal is cut off": Scene.cut,
    "the seal is cut off, and the signature": cut_all,
    "another run under the same id, signed by the forger": lambda scene: scene.exchange(
        scene.run("other.rlm", "INFO", "01" * 32)
    ),
    "another run, signed by the forger": lambda scene: scene.exchange(scene.run("other.rlm", "INFO", "03" * 32)),
}


def check(file: Path, key: PublicKey | None = None) -> CheckedTrace:
    """All that the command checks."""
    checked = verify(file, key=() if key is None else key)
    along = AlongCheck(file, checked)
    for each in nested_traces(checked, file):
        along.add(each)
    along.finish()
    claimed_signers(checked)
    return checked


def judge(say: Callable[[], str]) -> str:
    try:
        return say()
    except TraceError:
        return REFUSED


@pytest.mark.parametrize("name", PASSED_ON)
def test_a_forgery_of_what_is_passed_on_is_found_as_the_table_says(tmp_path: Path, name: str) -> None:
    """By `verify` alone, by whoever has the signer's key, and by whoever has noted the root."""
    scene = Scene(tmp_path)
    FORGE[name](scene)
    file = scene.file if name == "a byte of the archive" else scene.packed_again()
    roots = KnownRoots.read(tmp_path / "roots.txt")

    found = Found(
        judge(lambda: str(check(file).level)),
        judge(lambda: str(check(file, scene.key).level)),
        judge(lambda: roots.standing(check(file)).standing.value),
    )
    assert found == PASSED_ON[name]


def test_every_forgery_of_the_table_is_made() -> None:
    """And one that no key and no known root tells is only that of an unknown run."""
    assert FORGE.keys() == PASSED_ON.keys()
    missed = {name for name, found in PASSED_ON.items() if found.key != REFUSED and found.roots != REFUSED}
    assert missed == {"nothing"}
    assert {found.roots for name, found in PASSED_ON.items() if found.alone == "OPEN"} == {RootStanding.OTHER.value}
