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

Worked example. The median of one huge number over many rows was half of twice that number, which is too large for a
float. So `MEDIAN_OF_ONE = 1` was added to `FLAGS`, and `folds` asks `context.follows(MEDIAN_OF_ONE)`. An older trace
has no flags, so its replay still computes what it computed then; a new run has `"flags": [1]`.
"""

from collections.abc import Mapping
from typing import Final

FORMAT: Final = 2
"""The trace format that is written. Formats that are read are named in `rlmlite_traces`."""

MEDIAN_OF_ONE: Final = 1

FLAGS: Mapping[int, str] = {
    MEDIAN_OF_ONE: "the median of an odd count is its middle number, however large; over 1,000 rows it could overflow",
}
"""Every change of meaning since the first format, by number."""

RENDERING: Final = 2
"""The wording and layout of texts in receipts: 1 is that of format 1; 2 is plainer English."""

KERNEL: Final = "0.1.0"
"""The version of this kernel, as the genesis record names it."""
