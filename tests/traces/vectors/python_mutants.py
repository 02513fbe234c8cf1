"""Checks of the Python verifier taken out one by one, in this process: each must be missed by a vector.

Idea: the module is parsed, one refusing statement in it becomes `pass`, and the code that this compiles to is put into
the functions that are loaded, and taken out again afterwards. So no copy of the tree and no process is needed, and all
places are tried in the time that the vectors take.

    raise TraceBrokenError(…)              return ""
    self._require_same("seq", …)           pass
    return "its fields differ …"           return ""          (the contradictions of nested runs)
"""

import ast
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, NamedTuple

from rlmlite_traces.format import calls, chain, contents, format_one, formats, lines, verify
from rlmlite_traces.reading.nested import binding

MODULES: Final = (lines, formats, chain, contents, calls, format_one, verify, binding)

_OTHERS: Final = frozenset({"TraceMissingError", "NotCanonicalError", "BlobMismatchError: its file changed"})


class Site(NamedTuple):
    """One refusing statement: its module, its place in it, and its text, for people."""

    module: ModuleType
    line: int
    text: str


def sites() -> Iterator[Site]:
    """Every statement of the verifier that refuses something."""
    for module in MODULES:
        source = inspect.getsource(module)
        for statement in ast.walk(ast.parse(source)):
            if isinstance(statement, ast.stmt) and _refuses(statement):
                yield Site(module, statement.lineno, ast.unparse(statement))


def _refuses(statement: ast.stmt) -> bool:
    match statement:
        case ast.Raise():
            return True
        case ast.Expr(ast.Call(ast.Name(name) | ast.Attribute(_, name))):
            return name.startswith("_require") or name in ("_check_shape", "_check_spans", "_check_version")
        case ast.Return(ast.Constant(str(text))):
            return text != ""
        case ast.Return(ast.JoinedStr()):
            return True
    return False


@contextmanager
def taken_out(site: Site) -> Iterator[None]:
    """The functions of a module without one statement, while the block lasts."""
    tree = _Without(site.line).visit(ast.parse(inspect.getsource(site.module)))
    compiled = compile(ast.fix_missing_locations(tree), str(site.module.__file__), "exec")
    changed = {code.co_qualname: code for code in _codes(compiled)}
    functions = list(_functions(site.module))
    before = [(function, function.__code__) for function in functions]
    try:
        for function in functions:
            function.__code__ = changed[function.__code__.co_qualname]
        yield
    finally:
        for function, code in before:
            function.__code__ = code


class _Without(ast.NodeTransformer):
    """Replaces the refusing statement that begins in a line."""

    def __init__(self, line: int) -> None:
        self._line = line

    def visit(self, node: ast.AST) -> Any:
        """A statement, or what stands in its place."""
        if isinstance(node, ast.stmt) and node.lineno == self._line and _refuses(node):
            # A `raise` may be what ends a loop, so the function ends there all the same.
            return ast.Pass() if isinstance(node, ast.Expr) else ast.Return(ast.Constant(""))
        return self.generic_visit(node)


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """The functions and methods that a module defines."""
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        for each in vars(value).values() if isinstance(value, type) else (value,):
            function = getattr(each, "fget", getattr(each, "__func__", each))
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                yield function
