"""What does a fan-out over HTTP cost beyond the SDK that makes the calls?

Anchor: the bare `openai` SDK on aiohttp with as many workers, its replies parsed by it. Then, over the same number of
calls to the same server: our driver and client alone; and a whole run with journal, receipts and seal on disk.
The server is ours, in a process of its own on 127.0.0.1, and answers at once: a model's latency would hide everything.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import openai

from benchmarks.fanout import PROGRAM, lines_file
from benchmarks.measure import (
    KEY,
    SETTINGS,
    Figure,
    Row,
    Scale,
    begun,
    interleaved,
    per_second,
    print_table,
    program,
    ratio_within,
    scale_of,
    waiting_turn,
)
from rlmlite.clients import Calling, Client, ModelServer, client
from rlmlite.clients.interface.prices import FREE
from rlmlite.inputs import from_path
from rlmlite.runs.driver import drive, drive_turn
from rlmlite.runs.program import run_program
from rlmlite.runs.run import Run
from rlmlite.runs.settings import make_settings
from rlmlite.runs.setup import prepare
from rlmlite_kernel import Answered, Request, Result, advance, render
from rlmlite_traces import FileBlobs

WORKERS = 64

BODY = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1750000000,"model":"m","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"a block was received","refusal":null},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":60,"completion_tokens":5,"total_tokens":65}}'
)
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Instant(asyncio.Protocol):
    """Answers every request at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._data = transport, b""

    def data_received(self, data: bytes) -> None:
        """A request, or a part of one."""
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        if end:
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            if len(rest) >= length:
                self._data = rest[length:]
                self._transport.write(REPLY)


async def listen() -> None:
    """Serve until the process is stopped."""
    server = await asyncio.get_running_loop().create_server(Instant, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of a server in a process of its own."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.http", "--serve"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def bare(url: str, prompts: Sequence[str]) -> None:
    """The anchor: the SDK and workers."""

    async def fan_out() -> None:
        sdk = openai.AsyncOpenAI(api_key="none", base_url=url, http_client=openai.DefaultAioHttpClient())
        found: dict[int, str | None] = {}
        todo = iter(enumerate(prompts))

        async def work() -> None:
            for index, prompt in todo:
                reply = await sdk.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": prompt}], max_tokens=1_024, temperature=0
                )
                found[index] = reply.choices[0].message.content

        async with sdk:
            await asyncio.gather(*(work() for _ in range(WORKERS)))
        assert len(found) == len(prompts)

    asyncio.run(fan_out())


def driven(model: ModelServer, requests: Sequence[Request], prompts: Sequence[str]) -> None:
    """Our driver and client, without a kernel or a log."""
    texts = {request.id: prompt for request, prompt in zip(requests, prompts, strict=True)}

    async def call(request: Request) -> Result:
        return await model.complete(texts[request.id], request)

    async def fan_out() -> None:
        async with model:
            results = await drive(requests, call, workers=WORKERS)
        assert all(isinstance(result, Answered) for result in results)

    asyncio.run(fan_out())


def whole_run(model: Client, path: Path, trace: Path) -> None:
    """As `rlmlite.execute` does it."""
    blobs = FileBlobs()
    settings = make_settings(
        {"run_key": KEY.hex(), "sub": model, "limits": SETTINGS.limits, "trace": trace, "workers": WORKERS}
    )
    with Run({"logs": from_path(str(path), blobs)}, blobs, prepare(settings)) as run:
        outcome = drive_turn(run, run_program(run, program(PROGRAM)))
    assert outcome.status == "completed", outcome


def measured(count: int, times: int, folder: Path) -> list[Figure]:
    """All three in one interleaved run."""
    path = lines_file(count, folder)
    done, blobs = begun(path)
    requests = list(waiting_turn(advance(done.state, program(PROGRAM), blobs)).requests)
    prompts = [render(request.prompt, blobs) for request in requests]
    traces = iter(range(10**6))
    with served() as url:
        model = client(f"{url}#m", Calling(workers=WORKERS, prices={"": FREE}))
        assert isinstance(model, ModelServer)
        tasks: list[Callable[[], object]] = [
            lambda: bare(url, prompts),
            lambda: driven(model, requests, prompts),
            lambda: whole_run(model, path, folder / f"{count}-{next(traces)}.rlm"),
        ]
        return [Figure(seconds, per_second(count)) for seconds in interleaved(times, *tasks)]


def main(scale: Scale) -> None:
    """Print the table."""
    count = scale.pick(10_000, 1_000, 10)
    with tempfile.TemporaryDirectory() as folder:
        base, *figures = measured(count, scale.pick(5, 3, 1), Path(folder))
    rows = [
        Row(name, f"{count:,} calls", "bare SDK", base, figure, ratio_within(1.1))
        for name, figure in zip(("driver and client", "run, receipts and journal"), figures, strict=True)
    ]
    print_table("A fan-out over HTTP", rows, [f"{WORKERS} workers; {os.cpu_count()} processors, one for the server"])


if __name__ == "__main__":
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # the server is on this machine
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(listen())
    else:
        main(scale_of(__doc__))
