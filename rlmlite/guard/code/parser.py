"""The kernel's parser port: definitions of source code, kept by what they depend on.

    parser.find_definitions(CodePart("3f2a..", 0, 28, "python"), content)      parsed
    the same part once more                                                    remembered, as is a crash

A part names its content by digest, and the grammars' versions do not change while a process runs; so a part is the
whole key. Not here: what is done with the definitions, and the check of what comes back (`values.parsers`).
"""

import importlib.util
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from rlmlite.guard.code.grammars import LIBRARIES, modules_of
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.parsers import CodePart, Definitions, ParserCrashedError, ParserMissingError
from rlmlite_traces.files.installed import installed_version

if TYPE_CHECKING:
    from rlmlite.guard.code.session import ParsingSession

MOST_KEPT = 1_000_000
"""Definitions that are remembered: some 40 MB."""


_OVERHEAD = 20


class CodeParser:
    """The `Parser` of this process. Its worker starts with the first text."""

    def __init__(self) -> None:
        # In the order of their last use. A crash is kept like a result: the text would crash the next parser as well.
        self._results: OrderedDict[CodePart, Definitions | ParserCrashedError] = OrderedDict()
        self._count = 0
        # Runs in several threads share the parser.
        self._lock = threading.Lock()
        self._session: ParsingSession | None = None

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
                result = self._parse(part, content)
                self._keep(part, result)
            self._results.move_to_end(part)
        if isinstance(result, ParserCrashedError):
            # A new one each time: an exception that is raised again grows by a traceback.
            raise ParserCrashedError(str(result))
        return result

    def close(self) -> None:
        """End the worker. The next text has another."""
        with self._lock:
            self._end_session()

    def forget(self) -> None:
        """In a fork of this process: the worker is the parent's, and so is whatever held the lock."""
        self._lock, self._session = threading.Lock(), None

    def _parse(self, part: CodePart, content: Content) -> Definitions | ParserCrashedError:
        from rlmlite.guard.worker.limits import WorkerError, WorkerStartError

        for module in modules_of(part.language):
            if importlib.util.find_spec(module) is None:
                raise ParserMissingError(f"No module named {module!r}")
        has_served = self._session is not None
        try:
            session = self._open_session(part)
            return session.parse(bytes(content[part.start : part.stop]), part.language)
        except WorkerStartError as error:
            self._end_session()
            # Not to be remembered: it is not the text's doing.
            raise ParserCrashedError(str(error)) from None
        except WorkerError as error:
            self._end_session()
            if has_served:
                # It may have died since, or of an earlier text: only a worker of its own speaks against a text.
                return self._parse(part, content)
            return ParserCrashedError(str(error))
        except BaseException:
            # An interrupt in the middle of an answer, whose rest would be taken for the next one.
            self._end_session()
            raise

    def _open_session(self, part: CodePart) -> "ParsingSession":
        size = part.stop - part.start
        if self._session is not None and not self._session.has_time_for(size):
            self._end_session()
        if self._session is None:
            # Here, since most runs parse no code.
            from rlmlite.guard.code.session import ParsingSession

            self._session = ParsingSession(part.language, size)
        return self._session

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _keep(self, part: CodePart, result: Definitions | ParserCrashedError) -> None:
        self._results[part] = result
        self._count += _size(result)
        while self._count > MOST_KEPT and len(self._results) > 1:
            # The newest stays, whatever its size.
            _, oldest = self._results.popitem(last=False)
            self._count -= _size(oldest)


def _size(result: Definitions | ParserCrashedError) -> int:
    # In definitions: a result takes as much memory as twenty of them, also if it has none.
    return _OVERHEAD if isinstance(result, ParserCrashedError) else _OVERHEAD + len(result.starts)


CODE_PARSER = CodeParser()
"""The parser that all runs of this process share."""

os.register_at_fork(after_in_child=CODE_PARSER.forget)
