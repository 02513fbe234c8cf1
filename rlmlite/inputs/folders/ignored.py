"""What `.gitignore` and `.ignore` leave out of a folder, as git has it: nested files, the last rule that fits counts.

Above the folder the files of its repository count too. Where both files lie in one folder, `.ignore` has the last word.
Rules are matched by pathspec, on RE2: a rule that a stranger wrote takes no more time than any other.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pathspec

FILES = (".gitignore", ".ignore")
"""Files with rules; later ones win."""


class Ignored:
    """The rules that hold in a folder, read as it is walked."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        real = self._root.resolve()
        self._above = [(_prefix(above, real), rules) for above in _above(real) for rules in _rules(above)]
        self._below: dict[str, _Chain] = {}

    def ignored(self, path: str, is_folder: bool) -> bool:
        """Whether rules leave out what lies at a path from the root. That its folder is not is known already."""
        asked = path + "/" * is_folder
        verdict = False
        for prefix, rules in self._above:
            verdict = _says(rules, prefix + asked, verdict)
        for cut, rules in self._chain(path.rpartition("/")[0]):
            verdict = _says(rules, asked[cut:], verdict)
        return verdict

    def _chain(self, folder: str) -> "_Chain":
        """The rules that hold in a folder, its parents' first, each with how much of a path lies above them."""
        found = self._below.get(folder)
        if found is None:
            above = self._chain(folder.rpartition("/")[0]) if folder else ()
            cut = len(folder) + 1 if folder else 0
            found = self._below[folder] = (*above, *((cut, rules) for rules in _rules(self._root / folder)))
        return found


_Chain: TypeAlias = tuple[tuple[int, pathspec.GitIgnoreSpec], ...]


def _prefix(above: Path, root: Path) -> str:
    """The path of the root from a folder above it, to be put before paths from the root."""
    inside = root.relative_to(above).as_posix()
    return "" if inside == "." else f"{inside}/"


def _says(rules: pathspec.GitIgnoreSpec, path: str, before: bool) -> bool:
    """What rules say of a path from where they lie; what was said before if they do not name it."""
    said = rules.check_file(path).include
    return before if said is None else said


def _rules(folder: Path) -> Iterator[pathspec.GitIgnoreSpec]:
    for name in FILES:
        try:
            text = (folder / name).read_text("utf-8", "replace")
        except OSError:  # there is none, or it is not for us: then git takes no rules from it either
            continue
        yield _compiled(text.splitlines())


def _compiled(lines: list[str]) -> pathspec.GitIgnoreSpec:
    """The rules; a line that is none, such as a lone `!`, says nothing, as for git."""
    try:
        return pathspec.GitIgnoreSpec.from_lines(lines, backend="re2")
    except ValueError:
        return pathspec.GitIgnoreSpec.from_lines(filter(_is_rule, lines), backend="re2")


def _is_rule(line: str) -> bool:
    try:
        pathspec.GitIgnoreSpec.from_lines([line], backend="re2")
    except ValueError:
        return False
    return True


def _above(root: Path) -> list[Path]:
    """The folders above one, up to its repository; none if it is in no repository, or is one itself."""
    if (root / ".git").exists():
        return []
    top = next((above for above in root.parents if (above / ".git").exists()), None)
    return [] if top is None else [above for above in reversed(root.parents) if above.is_relative_to(top)]
