"""What several families of the table share: parameters, and the shape of an action on rows."""

from collections.abc import Mapping
from typing import Any

from rlmlite_kernel.program.action_table import Action, Param

TARGET = Param("target", "target", "text, documents, or rows that stand for text")
ROWS = Param("rows", "rows", "rows, or a list")


def on_rows(
    name: str,
    run: Any,
    params: tuple[Param, ...],
    result: str,
    help_: str,
    example: str,
    fused: Mapping[str, str] | None = None,
) -> Action:
    """An action on rows. It may stand in row expressions unless it takes one itself."""
    return Action(
        name=name,
        family="rows",
        params=params,
        run=run,
        help=help_,
        result=result,
        example=example,
        in_rows=not any(param.kind in ("expr", "key", "folds") for param in params),
        fused=fused or {},
    )
