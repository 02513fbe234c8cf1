"""`rlmlite trace view`: a trace as one HTML file, for whoever has a browser.

Evidence is shown with the words around it where the file that was read is at hand and has the recorded digest. Of a
trace that was begun elsewhere, only files that are named are looked at.
"""

from pathlib import Path

from rlmlite.cli.commands.traces.opening import reader_limits
from rlmlite.cli.commands.traces.replaying.replay import places_of
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite.errors import SettingError
from rlmlite.guard.terminal import one_line
from rlmlite.guard.trust.origin import is_begun_here
from rlmlite_traces.reading.story import open_story
from rlmlite_traces.viewer.contexts import FileContexts
from rlmlite_traces.viewer.page import write_page


def view_trace(trace: Path, output: Path, inputs: list[str], allow: list[str], *, as_json: bool) -> Exit:
    """Write the page to a new file."""

    def work() -> Exit:
        limits = reader_limits(allow)
        if output.exists():
            raise SettingError(f"{output} exists already; name a new file")
        story = open_story(trace, limits)
        contexts = FileContexts(places_of(inputs), looks_there=is_begun_here(trace, story.trace))
        size = write_page(story, trace, output, limits, contexts)
        if as_json:
            print_json(value=str(output), trace=str(trace), bytes=size)
        else:
            say(f"wrote {one_line(str(output))}: {size:,} bytes; it needs no network")
        return Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)
