"""Documents that a library converts to text: PDF, DOCX, HTML, mail. Positions then refer to the new text.

The conversion itself runs in a worker (`rlmlite.inputs.parsers.documents`). Here are the recipe's step and the check of
what the worker says. The version of each library is part of the recipe: another version may produce another text, and
a replay must be able to say why.
"""

import sys
from collections.abc import Iterator, Mapping

import msgspec

from rlmlite.errors.unreadable import UnreadableError, require_extra
from rlmlite.inputs.formats.parsing import open_copy, parse
from rlmlite.inputs.formats.reading import ReadingLimits
from rlmlite.inputs.formats.recipes import TextNote
from rlmlite.inputs.parsers.documents import EXTRA, Declared, LeftOut, Unreadable, convert_document
from rlmlite_kernel.values.blobs import Content
from rlmlite_kernel.values.inputs import Derivation


class Converter(msgspec.Struct, frozen=True):
    """The library that converts a kind, and the other libraries that it relies on."""

    library: str
    others: tuple[str, ...] = ()

    @property
    def step(self) -> Derivation:
        """The step of a recipe, with the versions. Raises `UnreadableError` if a library is not installed."""
        for module in (self.library, *self.others):
            require_extra(module, EXTRA)
        from importlib.metadata import version
        from platform import python_version

        versions = [python_version() if self.library in sys.stdlib_module_names else version(self.library)]
        versions += [f"{name} {version(name)}" for name in self.others]
        return Derivation(self.library, ", ".join(versions))


def convert(kind: str, content: Content, limits: ReadingLimits, left_out: list[TextNote]) -> Iterator[bytes]:
    """The text of a document, in blocks; what the text lacks of the document goes to `left_out`.

    Raises `UnreadableError`, and `TooLargeError` for a decompression bomb.
    """
    converter = CONVERTERS[kind]
    size = len(content)
    with open_copy(content) as file:
        items = parse(
            convert_document,
            kind,
            limits,
            messages=Declared | LeftOut | Unreadable,
            format=kind,
            size=size,
            files=[file],
            preload=(converter.library, *converter.others, "bs4"),
        )
        for item in items:
            match item:
                case Declared(size=declared):
                    limits.check_ratio(declared, size)
                case LeftOut(what=what, count=count, where=where, is_loss=is_loss):
                    left_out.append(TextNote(f"{what} left out", where, count, is_loss))
                case Unreadable(reason=reason, detail=detail, remedy=remedy):
                    raise UnreadableError(reason, detail, remedy)
                case _:
                    yield item


CONVERTERS: Mapping[str, Converter] = {
    "pdf": Converter("pypdf"),
    "docx": Converter("mammoth", ("markdownify",)),
    "html": Converter("markdownify"),
    "mail": Converter("email", ("markdownify",)),
}
"""The converter of each kind."""
