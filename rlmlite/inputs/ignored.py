"""What `.gitignore` and `.ignore` leave out of a folder, as git has it: nested files, the last rule that fits counts.

Above the folder the files of its repository count too. Where both files lie in one folder, `.ignore` has the last word.
Rules are matched by pathspec, on RE2: a rule that a stranger wrote takes no more time than any other.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pathspec

FILES = (".gitignore", ".ignore")
"""Files with rules; later ones win."""


class Ignored:
    """The rules that hold in a folder, read as it is walked."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        self._above = [(above, rules) for above in _above(self._root.resolve()) for rules in _rules(above)]
        self._below: dict[str, list[pathspec.GitIgnoreSpec]] = {}

    def ignored(self, path: str, is_folder: bool) -> bool:
        """Whether rules leave out what lies at a path from the root. That its folder is not is known already."""
        asked = path + "/" * is_folder
        verdict = False
        for above, rules in self._above:
            inside = self._root.resolve().relative_to(above).as_posix()
            verdict = _says(rules, asked if inside == "." else f"{inside}/{asked}", verdict)
        for parent in reversed(PurePosixPath(path).parents):
            below = "" if parent == PurePosixPath(".") else f"{parent}/"
            for rules in self._of(below):
                verdict = _says(rules, asked[len(below) :], verdict)
        return verdict

    def _of(self, below: str) -> list[pathspec.GitIgnoreSpec]:
        if below not in self._below:
            self._below[below] = list(_rules(self._root / below))
        return self._below[below]


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
