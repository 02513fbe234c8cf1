"""The second verifier: the checks of `format` and `nested` once more, in JavaScript without dependencies.

The page `docs/reference/trace-format.md` says what both check, and a browser can check a trace with it. It checks all
that `verify` and `nested_traces` check, and does not execute anything.

    trace       the four passes; start here            nested      nested runs and their calls
    chain       what may follow what                   records     the shapes of format 2
    calls       the lines of calls                     format_one  those of format 1
    blobs       contents, and who names them           settings    settings and sources
    signature   who signed the root                    shapes      what a shape is
    hashes      SHA-256, and the tree                  json        a reader, and canonical texts

Not here: reading files (`traces/verify.mjs` does, in Node).
"""

import re
from importlib.resources import files
from typing import Final

MODULES: Final = (
    "hashes",
    "json",
    "shapes",
    "records",
    "settings",
    "blobs",
    "format_one",
    "chain",
    "calls",
    "trace",
    "nested",
    "signature",
)
"""Each after those that it imports."""

_IMPORT: Final = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.mjs";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ((?:async )?(?:const|function\*?|class)) (\w+)", re.MULTILINE)


def source() -> str:
    """The verifier as one script without imports, for a page: it defines `rlmliteVerifier.verifyTrace` and the rest.

    Each module becomes a function that gives what it exports, so that names of two modules cannot meet:

        import { hex } from "./bytes.mjs";        const { hex } = $bytes;
        export const ZERO = "0";                  const ZERO = "0"; ... return { ZERO };
    """
    exports = ", ".join(f"...${name}" for name in MODULES)
    return "\n".join([*map(_as_function, MODULES), f"const rlmliteVerifier = {{ {exports} }};\n"])


def _as_function(name: str) -> str:
    module = (files(__package__) / f"{name}.mjs").read_text("utf-8")
    names = ", ".join(match[2] for match in _EXPORT.finditer(module))
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(r"const \1 = $\2;", module))
    return f"const ${name} = (() => {{\n{body}\nreturn {{ {names} }};\n}})();\n"
