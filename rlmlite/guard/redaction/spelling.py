"""From the setting `redact` to a `Redaction`, and from what a genesis or a recipe says of one.

("keys", "mail")  "keys, mail"  ("cards", strip_names)  ("rules.py:strip_names",)
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rlmlite.errors import SettingError
from rlmlite_kernel.program.problems import did_you_mean

if TYPE_CHECKING:
    from rlmlite.guard.redaction.redaction import Redaction

OWN = "own:"
"""Before the name of a host's function."""


def redaction_of(name: str, value: object, load: Callable[[Any], Callable[[str], str]]) -> "Redaction | None":
    """The redaction that a setting says; None for an empty one. Raises `SettingError`.

    `load` gives the function behind `FILE.py:NAME`, and behind whatever else is neither a word nor a function.
    """
    from rlmlite.guard.redaction.redaction import Redaction  # most runs have none

    if isinstance(value, Redaction):
        return value
    items = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    names, functions = set[str](), dict[str, Callable[[str], str]]()
    for item in items:
        for part in _words(item):
            if isinstance(part, str) and ":" not in part:
                names.add(_known(name, part))
            else:
                function = part if callable(part) else load(part)
                functions[_name_of(function)] = function
    return _made(names, functions)


def recorded_redaction(spelling: str, own: "Redaction | None" = None) -> "Redaction":
    """The redaction that a trace names. Functions come from `own`, which the caller gave. Raises `SettingError`."""
    functions = dict(own.functions) if own is not None else {}
    names, needed = set[str](), dict[str, Callable[[str], str]]()
    for word in map(str, _words(spelling)):
        if not word.startswith(OWN):
            names.add(_known("the recorded redaction", word))
            continue
        function = word.removeprefix(OWN)
        if function not in functions:
            raise SettingError(
                f"it was redacted by the function `{function}`: give it again, --redact FILE.py:{function}"
            )
        needed[function] = functions[function]
    made = _made(names, needed)
    if made is None:
        raise SettingError("the recorded redaction names nothing")
    return made


def _made(names: set[str], functions: Mapping[str, Callable[[str], str]]) -> "Redaction | None":
    from rlmlite.guard.redaction.detectors import DETECTORS
    from rlmlite.guard.redaction.redaction import Redaction

    in_order = tuple(name for name in DETECTORS if name in names)
    for name in in_order:
        # Once, so that a missing library is said before anything is read.
        list(DETECTORS[name].find("key=0"))
    return Redaction(in_order, tuple(functions.items())) if in_order or functions else None


def _words(item: object) -> list[object]:
    """The parts of a text between commas; anything else is one part."""
    return [part.strip() for part in item.split(",") if part.strip()] if isinstance(item, str) else [item]


def _known(setting: str, word: str) -> str:
    from rlmlite.guard.redaction.detectors import DETECTORS

    if word not in DETECTORS:
        hint = did_you_mean(word, DETECTORS) or f"there are: {', '.join(DETECTORS)}, and functions, FILE.py:NAME"
        raise SettingError(f"{setting}: there is no redactor `{word}`; {hint}")
    return word


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    if not name.isidentifier():  # a lambda, whose name says nothing to whoever replays the trace
        raise SettingError("a function that redacts needs a name, by which a replay asks for it; use `def`")
    return str(name)
