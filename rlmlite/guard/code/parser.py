"""The kernel's parser port: definitions of source code, kept by what they depend on.

    parser.find_definitions(CodePart("3f2a..", 0, 28, "python"), content)      parsed
    the same part once more                                                    remembered, as is a crash

A part names its content by digest, and the grammars' versions do not change while a process runs; so a part is the
whole key. Not here: what is done with the definitions, and the check of what comes back (`values.parsers`).
"""

import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property

from rlmlite.guard.code.grammars import LIBRARIES, find_definitions, modules_of
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.parsers import CodePart, Definitions, ParserCrashedError, ParserMissingError
from rlmlite_traces.files.installed import installed_version

MOST_KEPT = 1_000_000
"""Definitions that are remembered: some 40 MB."""


class CodeParser:
    """The `Parser` of this process."""

    def __init__(self) -> None:
        # In the order of their last use. A crash is kept like a result: the text would crash the next parser as well.
        self._results: OrderedDict[CodePart, Definitions | ParserCrashedError] = OrderedDict()
        self._count = 0
        # Runs in several threads share the parser.
        self._lock = threading.Lock()

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """See `Parser.versions`."""
        versions = {name: installed_version(name) for name in LIBRARIES}
        return {name: version for name, version in versions.items() if version is not None}

    def find_definitions(self, part: CodePart, content: Content) -> Definitions:
        """See `Parser.find_definitions`."""
        with self._lock:
            result = self._results.get(part)
            if result is None:
                result = _parse(part, content)
                self._keep(part, result)
            self._results.move_to_end(part)
        if isinstance(result, ParserCrashedError):
            raise result
        return result

    def _keep(self, part: CodePart, result: Definitions | ParserCrashedError) -> None:
        self._results[part] = result
        self._count += _size(result)
        while self._count > MOST_KEPT and len(self._results) > 1:
            # The newest stays, whatever its size.
            _, oldest = self._results.popitem(last=False)
            self._count -= _size(oldest)


def _size(result: Definitions | ParserCrashedError) -> int:
    # One more, so that a million empty results are not free.
    return 1 if isinstance(result, ParserCrashedError) else 1 + len(result.starts)


def _parse(part: CodePart, content: Content) -> Definitions | ParserCrashedError:
    for module in modules_of(part.language):
        if importlib.util.find_spec(module) is None:
            raise ParserMissingError(f"No module named {module!r}")
    return find_definitions(bytes(content[part.start : part.stop]), part.language)


CODE_PARSER = CodeParser()
"""The parser that all runs of this process share."""
