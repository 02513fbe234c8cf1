"""Versions by the names of folders are those that `importlib.metadata` reads."""

import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

from rlmlite_kernel.engines.versions import engine_versions
from rlmlite_traces.files import installed
from rlmlite_traces.files.installed import installed_version


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What was listed is forgotten, before and after."""
    installed._versions.cache_clear()
    yield
    installed._versions.cache_clear()


def test_every_installed_version_is_found() -> None:
    """Of all distributions here, in whatever form their names are given."""
    recorded: dict[str, str] = {}
    for distribution in distributions():
        recorded.setdefault(distribution.name, distribution.version)

    assert {name: installed_version(name) for name in recorded} == recorded
    assert installed_version("Google.RE2") == installed_version("google_re2") == recorded["google-re2"]
    assert installed_version("there-is-none-of-this-name") is None


def test_the_versions_of_engines_are_the_same_either_way() -> None:
    """So a trace says the same, whoever has looked them up."""
    assert engine_versions(installed_version) == engine_versions()
    assert list(engine_versions(installed_version)) == list(engine_versions())


def _install(folder: Path, name: str, version: str, record: str = "") -> None:
    place = folder / name
    place.mkdir(parents=True)
    (place / ("METADATA" if name.endswith(".dist-info") else "PKG-INFO")).write_text(
        f"Metadata-Version: 2.1\nName: {record}\nVersion: {version}\n"
    )


def test_what_comes_first_on_the_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is what would be imported. Folders that are not there, and other files, are passed over."""
    _install(tmp_path / "a", "some_lib-1.0.dist-info", "1.0", "some-lib")
    _install(tmp_path / "b", "some_lib-2.0+local.1.dist-info", "2.0+local.1", "some-lib")
    (tmp_path / "b" / "notes-3.txt").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "absent"), str(tmp_path / "b"), str(tmp_path / "a")])

    assert installed_version("some-lib") == "2.0+local.1"
    assert installed_version("notes") is None


@pytest.mark.parametrize("folder", ["some_lib-1.2.egg-info", "some_lib-1.2-py3.11.egg-info", "some_lib.egg-info"])
def test_old_installers_are_understood(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the name of the folder has no version, the file in it is read."""
    _install(tmp_path, folder, "1.2", "some-lib")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    assert installed_version("some-lib") == "1.2"
