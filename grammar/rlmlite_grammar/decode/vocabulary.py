"""What the programs of one turn may name: actions, variables, roles, tools.

The parts come from different places (the action table, the state of the run, its settings, its policy). A decode
grammar needs all of them, and nothing else of the run.
"""

from collections.abc import Iterable

import msgspec

from rlmlite_kernel.program.action_table import Action, Table
from rlmlite_kernel.records.settings import SUB_ROLE


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """What a program may name.

    `variables` are all that may be read, in order; those in `inputs` cannot be written. `permitted` are the names of
    the actions that may be called (`None`: all). `roles` are the models that may be asked, `tools` those that
    `tool_call` may name. `only_final`: nothing but one `final(...)`, without calls of any kind.
    """

    table: Table
    variables: tuple[str, ...]
    inputs: frozenset[str] = frozenset()
    permitted: frozenset[str] | None = None
    roles: tuple[str, ...] = (SUB_ROLE,)
    tools: tuple[str, ...] = ()
    only_final: bool = False

    def actions(self) -> Iterable[Action]:
        """The actions that may be called."""
        for action in self.table.values():
            # In the last turn nothing may be asked of anybody: there is no turn left to use the answer in.
            is_withheld = self.only_final and action.ask is not None
            has_nobody_to_ask = action.family == "models" and not self.roles
            is_permitted = self.permitted is None or action.name in self.permitted
            if is_permitted and not is_withheld and not has_nobody_to_ask:
                yield action

    @property
    def writable(self) -> tuple[str, ...]:
        """The variables that exist and may be assigned again: all but the inputs."""
        return tuple(name for name in self.variables if name not in self.inputs)
