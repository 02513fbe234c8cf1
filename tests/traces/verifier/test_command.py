"""`node traces/verify.mjs` as somebody runs it who has a trace and no Python; and what in it no vector can try."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

import msgspec
import pytest

from rlmlite_traces import Level, PrivateKey, generate_key, sign, verify
from rlmlite_traces.viewer.verifier import MODULES
from tests.traces.verifier.both import node

ROOT: Final = Path(__file__).parents[3]
VERIFY: Final = ROOT / "traces" / "verify.mjs"
KEPT: Final = ROOT / "traces" / "golden" / "2.3" / "nested.rlm"


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([node(), VERIFY, *words], capture_output=True, text=True, check=False)


def test_a_sound_trace() -> None:
    """Level, root and nested runs, and that nothing was executed; exit code 0."""
    done = run(KEPT, "--root", verify(KEPT).root, "--at-least", "sealed")

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "SEALED: 11 records",
        f"root: {verify(KEPT).root}",
        "nested run a1686944: same",
        "not executed: see `rlmlite trace replay`",
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--root", "ab"], 1, "RootMismatchError"),
        (["--root"], 2, "usage"),
        (["--at-least", "signed"], 2, "usage"),
        (["--loud"], 2, "unknown argument --loud"),
        ([], 0, "SEALED"),
    ],
)
def test_arguments(words: list[str], code: int, said: str) -> None:
    """Another root is a fault of the trace; a mistake in the arguments is one of the caller."""
    done = run(KEPT, *words)

    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_as_json_and_of_a_broken_nested_run(tmp_path: Path) -> None:
    """`--json` is the verdict as data. A nested run that differs is a fault of the whole."""
    place = shutil.copytree(KEPT, tmp_path / "a.rlm")
    inner = next(place.glob("nested/*/trace.jsonl"))
    inner.write_bytes(inner.read_bytes() + b"{}\n")

    done = run(place, "--json")

    assert done.returncode == 1
    assert [each["trace"] for each in json.loads(done.stdout)["nested"]] == ["differs"]


def test_signatures(tmp_path: Path) -> None:
    """What Python signed, JavaScript finds signed by that key; not by another one, nor after a change."""
    place = shutil.copytree(KEPT, tmp_path / "a.rlm")
    alice, mallory = (generate_key(tmp_path / name) for name in ("alice.key", "mallory.key"))
    assert alice.keyid != mallory.keyid
    unsigned = run(place, "--key", tmp_path / "alice.key.pub", "--json")
    sign(place, PrivateKey.read(tmp_path / "alice.key"))

    signed = run(place, "--key", tmp_path / "alice.key.pub", "--json")
    others = run(place, "--key", tmp_path / "mallory.key.pub", "--json")
    envelope = json.loads((place / "trace.dsse.json").read_bytes())
    envelope["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    (place / "trace.dsse.json").write_bytes(msgspec.json.encode(envelope, order="sorted") + b"\n")
    forged = run(place, "--key", tmp_path / "alice.key.pub", "--json")

    assert json.loads(signed.stdout)["level"] == "SEALED+SIGNED"
    assert [json.loads(each.stdout)["check"] for each in (unsigned, others, forged)] == ["keyid", "keyid", "signature"]
    assert [each.returncode for each in (signed, unsigned, others, forged)] == [0, 1, 1, 1]


@pytest.mark.parametrize("name", ["trace.jsonl", "blobs", "nested"])
def test_links_are_not_followed(tmp_path: Path, name: str) -> None:
    """A trace may come from a stranger, and a link in it may lead anywhere."""
    place = shutil.copytree(KEPT, tmp_path / "a.rlm")
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(place / "nested") if name == "nested" else (place / name).unlink(missing_ok=True)
    (place / name).symlink_to(tmp_path / "elsewhere")

    done = run(place)

    assert done.returncode == 1
    assert "TraceMissingError" in done.stdout


def test_no_codes_for_a_terminal(tmp_path: Path) -> None:
    """What a message quotes of a trace cannot move a cursor."""
    place = shutil.copytree(KEPT, tmp_path / "a.rlm")
    (place / "trace.jsonl").write_text('{"kind":"\\u001b[2J"}\n')

    assert "\x1b" not in run(place).stdout


def test_the_example_of_the_page_is_a_trace(tmp_path: Path) -> None:
    """The files that `docs/reference/trace-format.md` prints are sound to both, and have the root that it prints."""
    page = (ROOT / "docs" / "reference" / "trace-format.md").read_text("utf-8")
    block = page.partition("## An example")[2].partition("```text\n")[2].partition("```")[0]
    files, name = dict[str, str](), ""
    for line in block.splitlines():
        if not line.startswith(" "):
            name = line.removesuffix(":")
            files[name] = ""
        else:
            files[name] += line.strip() + "\n"
    root = files.pop("root").strip()
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")

    assert verify(tmp_path, root).level is Level.SEALED
    assert run(tmp_path, "--root", root).returncode == 0


def test_it_needs_no_other_file_than_its_modules() -> None:
    """The modules import each other, each only those before it, and the command adds Node's own alone."""
    for at, name in enumerate(MODULES):
        text = (ROOT / "traces" / "rlmlite_traces" / "viewer" / "verifier" / f"{name}.mjs").read_text("utf-8")
        imported = [
            line.partition(' from "./')[2].removesuffix('.mjs";')
            for line in text.splitlines()
            if " from " in line and line.startswith("import")
        ]
        assert set(imported) <= set(MODULES[:at])


HASHES: Final = """
import { createHash, createHmac } from "node:crypto";
import { base64, hex, hmac, sha256, unbase64 } from "./traces/rlmlite_traces/viewer/verifier/hashes.mjs";
import { linesOf } from "./traces/rlmlite_traces/viewer/verifier/trace.mjs";
const wrong = [];
for (let size = 0; size < 300; size++) {
  const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 7 + size) & 255);
  if (hex(sha256(bytes)) !== createHash("sha256").update(bytes).digest("hex")) wrong.push(`sha256 ${size}`);
  const key = bytes.subarray(0, 16);
  if (hex(hmac(key, bytes)) !== createHmac("sha256", key).update(bytes).digest("hex")) wrong.push(`hmac ${size}`);
  if (base64(bytes) !== Buffer.from(bytes).toString("base64")) wrong.push(`base64 ${size}`);
  if (hex(unbase64(base64(bytes))) !== hex(bytes)) wrong.push(`unbase64 ${size}`);
}
try {
  [...linesOf(new TextEncoder().encode("ab\\nabcdef\\n"), "trace.jsonl", 5)];
} catch (error) {
  wrong.push(`${error.check} ${error.line}`);
}
console.log(JSON.stringify(wrong));
"""


def test_hashes_are_those_of_node_and_a_line_has_a_longest() -> None:
    """SHA-256, HMAC and base64 of every short length; and of two lines the second is longer than is allowed."""
    done = subprocess.run([node(), "--input-type=module", "-e", HASHES], cwd=ROOT, capture_output=True, check=True)

    assert json.loads(done.stdout) == ["length 1"]
