"""How long does a user wait for a process to start, do a little, and end?

Each time is that of a whole process, bytecode compiled, as an installation has it. The anchor is a bare process that
imports the libraries which a search stands on (numpy, re2, msgspec, lark, typer), and for a question to a model server
one that imports the server's SDK: nothing that uses them can start sooner. All are run in turns.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from benchmarks.logs import log_file
from benchmarks.measure import KB, MB, Figure, Row, Target, bytes_text, interleaved, print_table, ratio_within, scale_of
from benchmarks.measure import within as within_seconds
from benchmarks.processes import compiled_environment

LIBRARIES = "import numpy, re2, msgspec, lark, typer"
SDK = f"{LIBRARIES}, openai"
SEARCH = 'final(count(search(context, "ERROR")))'
TURNS = ('errors = search(context, "ERROR")', "n = count(errors)", "final(n)")
QUESTION = "How many errors are there?"

PATHS = [str(Path(__file__).parents[1] / folder) for folder in (".", "grammar", "kernel", "traces")]


class Start(NamedTuple):
    """What is started, over how large an input, beside which anchor, and what it is held against."""

    question: str
    size: int
    anchor: str
    words: tuple[str, ...]
    target: Target | None


def main() -> None:
    """Measure and print."""
    scale = scale_of(__doc__)
    times, large = scale.pick(21, 7, 1), scale.pick(10 * MB, MB, 10 * KB)
    with tempfile.TemporaryDirectory() as folder, model_server() as address:
        starts = _starts(Path(folder), large, address)
        anchors = {"libraries": ("-c", LIBRARIES), "SDK": ("-c", SDK)}
        tasks = [_process(words, folder) for words in (*anchors.values(), *(start.words for start in starts))]
        seconds = [Figure(values) for values in interleaved(times, *tasks)]
    bases = dict(zip(anchors, seconds, strict=False))
    rows = [
        Row(
            start.question,
            bytes_text(start.size) if start.size else "",
            start.anchor,
            bases[start.anchor],
            ours,
            start.target,
        )
        for start, ours in zip(starts, seconds[len(anchors) :], strict=True)
    ]
    print_table("Cold start: a whole process", rows)


def _starts(folder: Path, large: int, address: str) -> list[Start]:
    small, log = log_file(20 * KB), log_file(large)
    script = folder / "script.jsonl"
    script.write_text("".join(json.dumps({"text": program}) + "\n" for program in TURNS), "utf-8")
    rlmlite = ("-m", "rlmlite")
    ask = (*rlmlite, "ask", "--json", QUESTION, str(log), "--controller")
    at_once, soon = within_seconds(0.12), within_seconds(0.6)
    return [
        Start("rlmlite --help", 0, "libraries", (*rlmlite, "--help"), at_once),
        Start("rlmlite --version", 0, "libraries", (*rlmlite, "--version"), at_once),
        Start("rlmlite exec --help", 0, "libraries", (*rlmlite, "exec", "--help"), at_once),
        Start("rlmlite ask --help", 0, "libraries", (*rlmlite, "ask", "--help"), at_once),
        Start("import, execute", 0, "libraries", ("-c", "import rlmlite; rlmlite.execute"), within_seconds(0.15)),
        Start("a search", 20 * KB, "libraries", (*rlmlite, "exec", "-e", SEARCH, str(small)), ratio_within(1.5)),
        Start("three turns, scripted", large, "libraries", (*ask, f"scripted:{script}"), soon),
        Start("three turns, a server's", large, "SDK", (*ask, f"{address}#m"), None),
    ]


def _process(words: tuple[str, ...], folder: str) -> Callable[[], object]:
    """Runs Python with these words to its end. Traces go to a folder that is thrown away."""
    environment = compiled_environment({"PYTHONPATH": os.pathsep.join(PATHS)})
    command = [sys.executable, *words]
    return lambda: subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)


class _Programs(BaseHTTPRequestHandler):
    """A model that writes the three programs in turn, at once."""

    protocol_version = "HTTP/1.1"
    programs: Iterator[str] = cycle(TURNS)

    def do_POST(self) -> None:  # the name is the library's
        """One chat completion."""
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": next(self.programs)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        reply = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        content = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the table is the output."""


@contextmanager
def model_server() -> Iterator[str]:
    """A server of such a model on this machine, by its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Programs) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


if __name__ == "__main__":
    main()
