"""Answers of a type: the schema that a controller is shown, and whether its answer fits. Nothing is converted.

    AnswerType(int).check(12)      ->  Fits(value=12)
    AnswerType(int).check("12")    ->  "the value: Input should be a valid integer"

The second goes back to the controller, and costs it a turn. JSON has no dates, so a date is read from its text; that is
how the type says it is written, and no conversion.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from rlmlite.errors import SettingError

_MISTAKES = 5  # that a controller is told at once; it mends those first


class Fits(msgspec.Struct, frozen=True):
    """An answer that fits, as a value of the type."""

    value: Any


class AnswerType:
    """A Python or pydantic type that the answer must have. Raises `SettingError` for what cannot be one."""

    def __init__(self, type_: Any) -> None:
        from pydantic import TypeAdapter  # here, because most answers have no type
        from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(type_)
            schema = self._adapter.json_schema()
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            raise SettingError(f"answer_type {type_!r} is not a type that an answer can have: {error}") from None
        self.form = json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        """The type as a JSON schema."""

    def check(self, value: Any) -> Fits | str:
        """The value as one of the type, or what is wrong with it.

        The message may hold keys and words of the value, which come from inputs: show it as data.
        """
        from pydantic import ValidationError

        # From JSON and not from the Python value: strict, pydantic takes no text for a date, except from JSON.
        document = json.dumps(value)
        try:
            return Fits(self._adapter.validate_json(document, strict=True))
        except ValidationError as error:
            # No URLs and no input: the controller has the value, and a prompt is short of room.
            mistakes = error.errors(include_url=False, include_context=False, include_input=False)
        lines = [_describe(mistake) for mistake in mistakes[:_MISTAKES]]
        hidden = len(mistakes) - len(lines)
        if hidden:
            lines.append(f"and {hidden} more")
        return "; ".join(lines)


def _describe(mistake: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in mistake["loc"])
    return f"{place or 'the value'}: {mistake['msg']}"
