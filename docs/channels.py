"""The table of open channels in `docs/explanation/injection.md`, made from the encoders that the tests measure."""

from docs.tables import table
from tests.guard.flow.channels import CHANNELS


def channels() -> str:
    """Each channel with the bits that got through before and get through now."""
    rows = ((each.name, f"{each.before:.1f}", f"{each.now:.1f}", each.often) for each in CHANNELS)
    return table(("what is told", "bits before", "bits now", "per"), rows)
