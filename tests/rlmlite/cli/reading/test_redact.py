"""`rlmlite trace redact`: what it says, and that every command reads what is left."""

import pytest

from rlmlite.cli.output.exits import Exit
from tests.rlmlite.cli.commands import COUNT_ERRORS, document, rlmlite


@pytest.mark.parametrize(
    ("selection", "why"),
    [(("--keep", "digests"), Exit.UNVERIFIABLE), (("--containing", "disk 90"), Exit.COMPLETED)],
)
def test_every_command_reads_a_redacted_trace(selection: tuple[str, str], why: Exit) -> None:
    """Looked at first, then done; the root stays, and what cannot be told is called redacted or unverifiable."""
    rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")
    root = document("trace", "verify", "t.rlm")["root"]

    assert "nothing was removed; --yes does it" in rlmlite("trace", "redact", "t.rlm", *selection).stdout
    assert document("trace", "verify", "t.rlm")["redactions"] == []
    rlmlite("trace", "redact", "t.rlm", *selection, "--reason", "asked to", "--who", "me", "--yes")

    assert document("trace", "verify", "t.rlm", "--root", root)["redactions"][0]["reason"] == "asked to"
    assert "by me (asked to)" in rlmlite("trace", "verify", "t.rlm").stdout
    assert rlmlite("trace", "replay", "t.rlm").exit_code == Exit.UNVERIFIABLE
    assert "redacted" in rlmlite("trace", "show", "t.rlm").stdout
    codes = {name: rlmlite("trace", name, "t.rlm").exit_code for name in ("why", "egress", "audit")}
    assert codes == {"why": why, "egress": Exit.COMPLETED, "audit": Exit.UNVERIFIABLE}


def test_slips_are_refused() -> None:
    """A text that is everywhere, a pattern that is none, a ref that is too short."""
    rlmlite("exec", "-e", COUNT_ERRORS, "app.log", "--trace", "t.rlm")

    for selection in (("--containing", ""), ("--matching", "(?=a)"), ("--ref", "7f0")):
        assert rlmlite("trace", "redact", "t.rlm", *selection).exit_code == Exit.USAGE
