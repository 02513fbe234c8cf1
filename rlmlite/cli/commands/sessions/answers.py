"""The file of answers for `rlmlite session resume`: what people wrote, read as results of calls.

`session pending` prints the calls with an empty `answer` each. People fill in some and give the document back:

    {"calls": [{"id": "3f...", "kind": "lm", "prompt": "...", "answer": "yes"},
               {"id": "77...", "kind": "lm", "prompt": "...", "answer": null, "error": "refused"}]}

Those without an answer go on waiting. A document of answers by id does as well: `{"3f...": "yes"}`.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from rlmlite.errors import InputError
from rlmlite.guard.json_text import parse_json
from rlmlite.inputs.names import STDIN
from rlmlite_kernel.effects.requests import EffectKind, Failed, Failure, Result


def read_answers(path: str) -> dict[str, Any]:
    """The answers of a file, or of standard input, by the id of the call. Raises `InputError`."""
    document = _read_json(path)
    if not isinstance(document, dict):
        raise InputError(f'{path}: expected {{"calls": [...]}} or answers by id')
    calls = document.get("calls")
    if isinstance(calls, list):
        answered = [call for call in calls if _has_answer(call)]
        return dict(_answer_of(path, call) for call in answered)
    # No call has the id `calls`, so a document without that list can only be answers by id.
    return {id_: answer for id_, answer in document.items() if answer is not None}


def _read_json(path: str) -> Any:
    try:
        content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        return parse_json(content)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}") from None


def _has_answer(call: Any) -> bool:
    is_broken = not isinstance(call, Mapping)  # which `_answer_of` refuses
    return is_broken or call.get("answer") is not None or "error" in call


def _answer_of(path: str, call: Any) -> tuple[str, Any]:
    if not isinstance(call, Mapping) or not isinstance(call.get("id"), str):
        raise InputError(f'{path}: expected each call as {{"id": ..., "answer": ...}}, found {json.dumps(call)}')
    id_, error = call["id"], call.get("error")
    if error is None:
        return id_, call["answer"]
    # Only what a client may say of its calls, because a program can tell these apart, and the trace records them.
    failures = get_args(Failure)
    if error not in failures:
        listed = ", ".join(failures)
        raise InputError(f"{path}: there is no error `{error}`; the errors are: {listed}")
    return id_, Failed(error)


def result_of(answer: Any, kind: EffectKind) -> str | Result:
    """An answer as the one who was asked gives it: a model text, a tool JSON, an approver `{"approved": ...}`."""
    if isinstance(answer, Failed):
        return answer
    if kind == "approve" and isinstance(answer, bool):
        return json.dumps({"approved": answer})
    is_text_of_model = isinstance(answer, str) and kind != "tool"
    return answer if is_text_of_model else json.dumps(answer, ensure_ascii=False)
