"""Keys, tokens and passwords: what gives access to something.

Three sources, none of which is enough by itself:

- the detectors of `detect-secrets`, which know the tokens of some twenty services;
- forms that it lacks, or of which it gives a part: a whole PEM block, and tokens of the last years (`_FORMS`);
- what is assigned to a name such as `password` (`_ASSIGNED`), whatever it looks like.

Most lines hold none of it, and twenty patterns over every line would take a second for each megabyte. So one pattern
of RE2 (`_HINT`) first finds the lines that could: those with a long run of letters and digits, a password in a URL,
or such a name.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from rlmlite.guard.redaction.library import import_library
from rlmlite.guard.redaction.patterns import NOT_THERE, Pattern
from rlmlite.guard.redaction.spans import Span

_HINT = Pattern(
    r"(?m)^.*(?:[A-Za-z0-9_\-+=.]{20,}|[A-Za-z0-9+/=]{40,}|://[^/\s:]+:|(?i:passw|passphrase|pwd|secret|token|api.?key|auth|credential)).*$"
)

_PEM = Pattern(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"
    r"(?:(?:-{0,4}[^-])*-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"
    r"""|(?:[^"']|["'][\s,+]*["'][A-Za-z0-9+/=]{40,})*)"""
)
"""A key to its last line. One that was cut off goes as far as the text that it is in, or its lines as texts."""

_FORMS = Pattern(
    r"\b(?:sk-[A-Za-z0-9_\-]{20,}"  # OpenAI, Anthropic and those that follow them
    r"|AIza[A-Za-z0-9_\-]{35}|ya29\.[A-Za-z0-9_\-]{20,}"  # Google
    r"|github_pat_[A-Za-z0-9_]{22,}|gh[pousr]_[A-Za-z0-9]{36,}|glpat-[A-Za-z0-9_\-]{20,}"
    r"|hf_[A-Za-z0-9]{30,}|xox[abeoprs]-[A-Za-z0-9\-]{10,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_\-]{40,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|[rsp]k_(?:live|test)_[A-Za-z0-9]{16,}|SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}"
    r"|eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"  # a JSON Web Token
    r"|dop_v1_[a-f0-9]{64}|shp[a-z]{2}_[A-Fa-f0-9]{32}|gsk_[A-Za-z0-9]{40,}|xai-[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{30,})"
)

_BEARER = Pattern(r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/\-]{16,}=*)")

_IN_URL = Pattern(r"://[^/\s:@]*:([^/\s@]+)@")

_ASSIGNED = Pattern(
    r"(?i)[\w.\-]*(?:passw(?:or)?d|passphrase|pwd|secret|api[_\-]?key|access[_\-]?key|auth[_\-]?token|access[_\-]?token"
    r"|refresh[_\-]?token|client[_\-]?secret|private[_\-]?key|credentials?)[\w\-]*"
    r"""["']?\s*(?::=|=>|[:=])\s*(?:"((?:[^"\\\n]|\\.){3,})"|'((?:[^'\\\n]|\\.){3,})'|([^\s"',;<>{}\[\]]{6,}))"""
)

_EXAMPLE = re.compile(r"(?i)\A(?:none|null|true|false|required|optional|\*+|x+|<.*>|\$\{.*\}|\[[a-z]+\])\Z")
"""What stands for a value: `password: required` gives nothing away."""

_NOT_KEYS = frozenset({"IPPublicDetector", "BasicAuthDetector"})
"""Addresses are no keys; and of a URL with a password `_IN_URL` leaves the rest readable."""

_LINEAR = {
    r"(?:(?<=\W)|(?<=^))": r"(?:^|\W)",
    r"(?!\w)": r"\b",
    r"(?![a-zA-Z0-9_\-])": "",  # behind a secret of just so many characters: of a longer word that much is replaced
    r"(?![a-f0-9])": "",
    "{50,1024}": "{50,}",
}
"""What patterns of the library say by looking around, and how RE2 says it. Python's own engine takes hours for a long
line of what they begin with."""

_LEAST = 12
"""Characters of a secret, at least."""


def find_keys(text: str) -> Iterator[Span]:
    """Where keys, tokens and passwords are. Raises `SettingError` without the extra `privacy`."""
    for match in _PEM.find(text):
        yield match[0]
    for (start, stop), *_ in _HINT.find(text):
        for span in _in_line(text[start:stop]):
            yield Span(start + span.start, start + span.stop)


def _in_line(line: str) -> Iterator[Span]:
    for match in _FORMS.find(line):
        yield match[0]
    for pattern in (_BEARER, _IN_URL, _ASSIGNED):
        for _, *groups in pattern.find(line):
            secret = next(group for group in groups if group != NOT_THERE)
            if not _EXAMPLE.match(line[secret.start : secret.stop]):
                yield secret
    yield from _of_library(line)


def _of_library(line: str) -> Iterator[Span]:
    for pattern in _library():
        for whole, *groups in pattern.find(line):
            # Where a pattern says which part is the secret, that part; a short one is the kind of a token.
            secrets = [group for group in groups if group.stop - group.start >= _LEAST]
            yield max(secrets, default=whole, key=lambda span: span.stop - span.start)


@cache
def _library() -> tuple[Pattern, ...]:
    """The patterns of `detect-secrets`. Raises `SettingError` without the extra `privacy`."""
    plugins: Any = import_library("detect_secrets.core.plugins.util")
    base: Any = import_library("detect_secrets.plugins.base")
    detectors = sorted(plugins.get_mapping_from_secret_type_to_class().values(), key=lambda made: made.__name__)
    return tuple(
        Pattern(_in_linear_time(pattern))
        for made in detectors
        if issubclass(made, base.RegexBasedDetector) and made.__name__ not in _NOT_KEYS
        for pattern in made().denylist
    )


def _in_linear_time(pattern: re.Pattern[str]) -> str:
    """A pattern of the library as RE2 takes it. Raises `PatternRefusedError` for one that says more."""
    text = pattern.pattern
    for written, linear in _LINEAR.items():
        text = text.replace(written, linear)
    return f"(?i){text}" if pattern.flags & re.IGNORECASE else text
