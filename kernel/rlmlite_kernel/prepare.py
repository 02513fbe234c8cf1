"""From a planned step to the arguments that its action is called with, each read as its parameter says."""

from typing import Any

from rlmlite_kernel.ast import Expr, Lit, Rx, Var
from rlmlite_kernel.columns import Text
from rlmlite_kernel.expressions import evaluate, pairs_or_matcher
from rlmlite_kernel.faults import Fault
from rlmlite_kernel.job import Held, Job, merged
from rlmlite_kernel.lowering import Planned
from rlmlite_kernel.queries import matcher_of
from rlmlite_kernel.schemas import schema_of
from rlmlite_kernel.table import Action, Param
from rlmlite_kernel.values import kind_of


class Arguments:
    """A step's arguments, and what they rest on together."""

    def __init__(self, planned: Planned, action: Action, job: Job) -> None:
        self._job, self._action = job, action
        self._parts: list[Held] = []
        self.given: dict[str, Any] = {}
        for param in action.params:
            if param.name in planned.bound.given:
                self.given[param.name] = self._read(param, planned.bound.given[param.name])
            elif not param.many:
                self.given[param.name] = param.default
        self.rest = [self._value(node) for node in planned.bound.rest]
        self.extra = {name: self._held(node) for name, node in planned.bound.extra.items()}
        named = [job.names[name] for name in sorted(planned.reads) if name in job.names]
        self.origins, self.sources = merged(self._parts or named)
        for held in named:
            self.origins |= held.origins

    def _held(self, node: Expr) -> Held:
        held = evaluate(node, self._job)
        self._parts.append(held)
        return held

    def _value(self, node: Expr) -> Any:
        held = self._held(node)
        return held if self._action.held else held.value

    def _read(self, param: Param, node: Expr) -> Any:
        match param.kind:
            case "expr" | "key" | "folds":
                return node
            case "query":
                return None if _is_null(node) else pairs_or_matcher(node, self._job)
            case "form":
                return matcher_of(node, self._job) if isinstance(node, Rx) else self._text(param, node)
            case "schema":
                return None if _is_null(node) else schema_of(node)
            case "template":
                return node.v if isinstance(node, Lit) and isinstance(node.v, str) else self._held(node)
            case "name":
                return node.v if isinstance(node, Lit) else ""
            case "word":
                return self._word(param, node)
            case "int":
                return self._int(param, node)
            case "bool":
                return self._bool(param, node)
            case "text":
                return self._text(param, node)
            case "any" | "target" | "rows":
                return self._value(node)

    def _word(self, param: Param, node: Expr) -> Any:
        if isinstance(node, Rx):
            return matcher_of(node, self._job, by_blocks=True)
        return node.name if isinstance(node, Var) else node.v if isinstance(node, Lit) else None

    def _int(self, param: Param, node: Expr) -> int | None:
        value = self._held(node).value
        if value is None and param.default is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise Fault("type", f"`{param.name}` is a whole number, not {kind_of(value)}")
        if param.least is not None and value < param.least:
            raise Fault("bound", f"`{param.name}` is at least {param.least}, not {value}")
        return value

    def _bool(self, param: Param, node: Expr) -> bool:
        value = self._held(node).value
        if not isinstance(value, bool):
            raise Fault("type", f"`{param.name}` is true or false, not {kind_of(value)}")
        return value

    def _text(self, param: Param, node: Expr) -> str | None:
        value = self._held(node).value
        if value is None and param.default is None:
            return None
        if not isinstance(value, str | Text):
            raise Fault("type", f"`{param.name}` is text, not {kind_of(value)}")
        return self._job.text(value, f"`{param.name}`")


def _is_null(node: Expr) -> bool:
    return isinstance(node, Lit) and node.v is None
