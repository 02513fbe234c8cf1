"""`rlmlite upgrade`: tried first, the old ones kept."""

import os
import shutil
from pathlib import Path

import pytest

from rlmlite.cli.commands.upgrade import upgrade
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.settings.old_names import upgrade_settings
from rlmlite.errors import SettingError

OLD = Path(__file__).parents[3] / "traces" / "golden" / "1"
SETTINGS = '# mine\nworkers = 3\n[read]\nencoding = "cp1252"  # as ever\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SETTINGS, SETTINGS.replace("[read]", "[reading]")),
        ("read.cache = true\n", "reading.cache = true\n"),
        ("read = {cache = true}\n", "reading = {cache = true}\n"),
        ("  [ read ]\ncache = true", "  [ reading ]\ncache = true"),
        ("workers = 3", "workers = 3"),
        ("", ""),
    ],
)
def test_names_are_put_right_and_nothing_else(old: str, new: str) -> None:
    """Comments and order stay."""
    assert upgrade_settings(old, "x.toml").text == new


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[read]\na = 1\n[reading]\nb = 1", "both"),
        ('"read" = {cache = true}', "by hand"),
        ("[read]\na = 1\n[prices]\nread = 1", "by hand"),
        ("[read", "not valid TOML"),
    ],
)
def test_what_cannot_be_put_right_is_said(text: str, reason: str) -> None:
    """What comes out must be what was meant."""
    with pytest.raises(SettingError, match=reason):
        upgrade_settings(text, "x.toml")


def test_it_is_tried_first_and_the_old_ones_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Traces and settings together; what stays as it is says why, by the exit code too."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(SETTINGS)
    for name in ("search", "agent"):
        shutil.copytree(OLD / f"{name}.rlm", f"{name}.rlm")
    paths = [Path("mine.toml"), Path("search.rlm")]
    before = sorted(os.listdir())

    assert upgrade(paths, [], None, [], write=False, as_json=False) is Exit.COMPLETED
    assert sorted(os.listdir()) == before
    assert "add --write" in capsys.readouterr().out
    assert upgrade([*paths, Path("agent.rlm")], [], None, [], write=True, as_json=False) is Exit.UNVERIFIABLE
    assert "agent.rlm: not upgraded: its controller" in capsys.readouterr().out
    assert Path("mine.toml.before-upgrade").read_text() == SETTINGS
    assert Path("mine.toml").read_text() == SETTINGS.replace("[read]", "[reading]")
    assert sorted(set(os.listdir()) - set(before)) == ["mine.toml.before-upgrade", "search.upgraded.rlm"]
