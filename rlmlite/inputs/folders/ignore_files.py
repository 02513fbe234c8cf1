"""What `.gitignore` and `.ignore` leave out of a folder, by git's rules.

The last rule that matches a path decides, and `!` takes it back in. Rules are read from the outside inwards, so that
an inner file overrides an outer one; within a folder `.ignore` overrides `.gitignore`:

    repo/.gitignore          *.log                    ->  repo/app/x.log          ignored
    repo/app/.gitignore      !keep.log                ->  repo/app/keep.log       not ignored

If the folder lies within a git repository, the ignore files above it count too, up to the repository's root. Rules are
matched by pathspec on RE2, so that a rule from a stranger cannot take exponential time; what they take in all has a
bound as well. Not here: how a file of rules is read (`rules`).
"""

import time
from pathlib import Path
from typing import TypeAlias

from rlmlite.errors import InputError
from rlmlite.inputs.folders.rules import RuleFile, read_rules

SECONDS = 60.0
"""Of matching paths of one folder with rules. Ten thousand files and rules take about one."""

_RulesInFolder: TypeAlias = tuple[tuple[int, RuleFile], ...]
"""Rules with the length of the prefix to cut off a path, so that it starts at the folder of the rules."""


class IgnoreFiles:
    """The `IgnoreRules` of the ignore files in and above a folder. Files below it are read when a path needs them."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)
        # Through links: the repository is where the folder really is.
        real_root = self._root.resolve()
        self._above: list[tuple[str, RuleFile]] = []
        for above in _folders_above(real_root):
            prefix = _path_between(above, real_root)
            self._above += [(prefix, rules) for rules in read_rules(above)]
        self._left = SECONDS
        # One entry per folder, filled by `_rules_for`: thousands of files ask for the same rules.
        self._below: dict[str, _RulesInFolder] = {}

    def ignores(self, path: str, is_folder: bool) -> bool:
        """See `IgnoreRules.ignores`. The folder that holds the path must not be ignored itself.

        Raises `InputError` if a file of rules is too large, or all of them take too long.
        """
        begun = time.monotonic()
        verdict = self._judge(path, is_folder)
        self._left -= time.monotonic() - begun
        if self._left < 0:
            raise InputError(
                f"the ignore files in {self._root} take more than {SECONDS:g} seconds to follow; "
                "to read all files: --read ignore=false"
            )
        return verdict

    def _judge(self, path: str, is_folder: bool) -> bool:
        parent = path.rpartition("/")[0]
        # Rules such as `build/` match folders only.
        if is_folder:
            path += "/"
        # From the outside inwards, so that an inner rule has the last word. A rule sees the path from its own folder:
        # those above the root see a longer one, those below a shorter.
        verdict = False
        for prefix, rules in self._above:
            verdict = rules.judge(prefix + path, verdict)
        for cut, rules in self._rules_for(parent):
            verdict = rules.judge(path[cut:], verdict)
        return verdict

    def _rules_for(self, folder: str) -> _RulesInFolder:
        """All rules below the root that hold in a folder, those of its parents first."""
        # The folders whose rules are not known yet, from the inside outwards. Not recursive: they may be thousands.
        unknown: list[str] = []
        inner: str | None = folder
        while inner is not None and inner not in self._below:
            unknown.append(inner)
            inner = inner.rpartition("/")[0] if inner else None
        rules = () if inner is None else self._below[inner]
        for each in reversed(unknown):
            # Rules see a path from their own folder: of `a/b/x.log` those in `a/b` see `x.log`.
            cut = len(each) + 1 if each else 0
            own = tuple((cut, file) for file in read_rules(self._root / each))
            # Without rules of its own a folder shares the tuple of its parent.
            rules = (*rules, *own) if own else rules
            self._below[each] = rules
        return rules


def _path_between(above: Path, root: Path) -> str:
    """The path from a folder above the root to the root, as a prefix for paths from the root."""
    inside = root.relative_to(above).as_posix()
    return "" if inside == "." else f"{inside}/"


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
