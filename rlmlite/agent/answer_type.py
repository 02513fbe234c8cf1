"""Answers of a type: what the controller is told of it, and whether what it gave fits. Nothing is converted."""

import json
from typing import TYPE_CHECKING, Any

import msgspec

from rlmlite.errors import SettingError

if TYPE_CHECKING:
    pass

_PLACES = 5  # mistakes that are told at once


class Fits(msgspec.Struct, frozen=True):
    """The answer as the type's own value."""

    value: Any


class AnswerType:
    """A Python or pydantic type that the answer must have."""

    def __init__(self, type_: Any) -> None:
        from pydantic import TypeAdapter  # here, because most answers have no type
        from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(type_)
            schema = self._adapter.json_schema()
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            raise SettingError(f"answer_type {type_!r} is no type that an answer can have: {error}") from None
        self.form = json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        """The type as a JSON schema."""

    def check(self, value: Any) -> Fits | str:
        """The value as its type has it, or what is wrong with it: words that may hold some of the value's own."""
        from pydantic import ValidationError

        try:
            return Fits(self._adapter.validate_json(json.dumps(value), strict=True))
        except ValidationError as error:
            mistakes = error.errors(include_url=False, include_context=False, include_input=False)
        said = [f"{'.'.join(map(str, mistake['loc'])) or 'the value'}: {mistake['msg']}" for mistake in mistakes]
        more = f"; and {len(said) - _PLACES} more" if len(said) > _PLACES else ""
        return f"{'; '.join(said[:_PLACES])}{more}"
