"""What `.gitignore` and `.ignore` leave out of a folder, by git's rules.

The last rule that matches a path decides, and `!` takes it back in. Rules are read from the outside inwards, so that
an inner file overrides an outer one; within a folder `.ignore` overrides `.gitignore`:

    repo/.gitignore          *.log                    ->  repo/app/x.log          ignored
    repo/app/.gitignore      !keep.log                ->  repo/app/keep.log       not ignored

If the folder lies within a git repository, the ignore files above it count too, up to the repository's root. Rules are
matched by pathspec on RE2, so that a rule from a stranger cannot take exponential time.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pathspec

IGNORE_FILE_NAMES = (".gitignore", ".ignore")
"""Files with rules; a later one overrides an earlier one."""

_RulesInFolder: TypeAlias = tuple[tuple[int, pathspec.GitIgnoreSpec], ...]
"""Rules with the length of the prefix to cut off a path, so that it starts at the folder of the rules."""


class IgnoreFiles:
    """The `IgnoreRules` of the ignore files in and above a folder. Files below it are read when a path needs them."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        # Through links: the repository is where the folder really is.
        real_root = self._root.resolve()
        self._above: list[tuple[str, pathspec.GitIgnoreSpec]] = []
        for above in _folders_above(real_root):
            prefix = _path_between(above, real_root)
            self._above += [(prefix, rules) for rules in _read_rules(above)]
        # One entry per folder, filled by `_rules_for`: thousands of files ask for the same rules.
        self._below: dict[str, _RulesInFolder] = {}

    def ignores(self, path: str, is_folder: bool) -> bool:
        """See `IgnoreRules.ignores`. The folder that holds the path must not be ignored itself."""
        parent = path.rpartition("/")[0]
        # Rules such as `build/` match folders only.
        if is_folder:
            path += "/"
        # From the outside inwards, so that an inner rule has the last word. A rule sees the path from its own folder:
        # those above the root see a longer one, those below a shorter.
        verdict = False
        for prefix, rules in self._above:
            verdict = _apply(rules, prefix + path, verdict)
        for cut, rules in self._rules_for(parent):
            verdict = _apply(rules, path[cut:], verdict)
        return verdict

    def _rules_for(self, folder: str) -> _RulesInFolder:
        """All rules below the root that hold in a folder, those of its parents first."""
        known = self._below.get(folder)
        if known is not None:
            return known
        inherited: _RulesInFolder = ()
        if folder:
            parent = folder.rpartition("/")[0]
            inherited = self._rules_for(parent)
        # Rules see a path from their own folder: of `a/b/x.log` those in `a/b` see `x.log`.
        cut = len(folder) + 1 if folder else 0
        own = tuple((cut, rules) for rules in _read_rules(self._root / folder))
        self._below[folder] = (*inherited, *own)
        return self._below[folder]


def _path_between(above: Path, root: Path) -> str:
    """The path from a folder above the root to the root, as a prefix for paths from the root."""
    inside = root.relative_to(above).as_posix()
    return "" if inside == "." else f"{inside}/"


def _apply(rules: pathspec.GitIgnoreSpec, path: str, verdict: bool) -> bool:
    """The verdict on a path after these rules: unchanged if none of them matches it."""
    decision = rules.check_file(path).include
    return verdict if decision is None else decision


def _read_rules(folder: Path) -> Iterator[pathspec.GitIgnoreSpec]:
    for name in IGNORE_FILE_NAMES:
        # Missing, or not readable for us: git takes no rules from it either.
        try:
            text = (folder / name).read_text("utf-8", "replace")
        except OSError:
            continue
        yield _compile(text.splitlines())


def _compile(lines: list[str]) -> pathspec.GitIgnoreSpec:
    """The rules. A line that is not a valid rule, such as a lone `!`, is skipped, as git does."""
    # pathspec refuses all of a file for one bad line; only then each line is tried by itself.
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


def _folders_above(root: Path) -> list[Path]:
    """The folders above one up to the root of its repository, outermost first; none if it is in no repository."""
    # `.git` is a folder, or a file in a work tree or a submodule.
    if (root / ".git").exists():
        return []
    inwards: list[Path] = []
    for above in root.parents:
        inwards.insert(0, above)
        if (above / ".git").exists():
            return inwards
    # Without a repository there is no telling how far up to look, and git would not look at all.
    return []
