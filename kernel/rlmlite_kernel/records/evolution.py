"""The numbers by which a trace says what it means, so that an old one keeps its meaning when the kernel moves on.

Four things change, each with a number of its own:

- `FORMAT`: how records are laid out. A reader knows some formats and refuses the others by name.
- `FLAGS`: what actions *mean*. Whoever changes what a program gives adds a flag, and asks `context.follows(flag)` where
  the meaning forks. A new run holds all flags; the genesis lists them, and a replay follows that list.
- `RENDERING`: how results are *worded and laid out* in observations. A trace of another rendering is replayed in full
  (values, refs, budgets, coverage, codes), but its texts are not compared, and the replay says so.
- `KERNEL`: the version that wrote the trace. It decides nothing; a difference is reported beside it.

Verifying needs only the format: what actions mean does not matter to whether a trace is whole.
Words in *prompts* are meaning, not rendering: they change what models are sent and what calls cost.

Worked example. Today `median` of an even count gives the lower middle. To give the mean of both: add `7: "median of an
even count is the mean of the middle two"` to `FLAGS`, and write `if context.follows(7)` in `median`. A trace from
before has `"flags": [1, ..., 6]`, so its replay takes the old branch; a new run takes the new one.
"""

from collections.abc import Mapping
from typing import Final

FORMAT: Final = 2
"""The trace format that is written. Formats that are read are named in `rlmlite_traces`."""

FLAGS: Mapping[int, str] = {}
"""Every change of meaning since the first format, by number. None so far."""

RENDERING: Final = 2
"""The wording and layout of texts in receipts: 1 is that of format 1; 2 is plainer English."""

KERNEL: Final = "0.1.0"
"""The version of this kernel, as the genesis record names it."""
