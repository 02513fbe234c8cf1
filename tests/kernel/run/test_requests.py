"""Requests: built when they are read, with the prompt rendered once."""

import hashlib

from rlmlite_kernel import Answered, MemoryBlobs, Suspended, render, resume
from rlmlite_kernel.values.blobs import Content
from tests.kernel.machine import LOG, Machine

PROGRAMS = {
    "one call": 'a = sub_lm("What is in {log}?")',
    "a fan-out": 'a = extract_over_chunks(chunk(log, size=8), "{chunk}?", schema={n: int})',
    "two steps": 'a = sub_lm("{log}")\nb = sub_lm("again {log}")',
    "the clock": "a = now()",
}


class CountingBlobs(MemoryBlobs):
    """Blobs that count how often each content is read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def read(self, digest: str) -> Content:
        """Count, then read."""
        self.reads += 1
        return super().read(digest)


def suspended(program: str, blobs: MemoryBlobs) -> Suspended:
    """A turn at its first calls."""
    now = Machine({"log": LOG}, blobs=blobs).advance(program)
    assert isinstance(now, Suspended)
    return now


def test_the_text_of_a_request_is_its_prompt_rendered() -> None:
    """With the bytes and the digest that the request says."""
    for program in PROGRAMS.values():
        blobs = MemoryBlobs()
        for request in suspended(program, blobs).requests:
            assert request.text == render(request.prompt, blobs)
            assert request.prompt_bytes == len(request.text.encode())
            assert request.digest == hashlib.sha256(request.text.encode()).hexdigest()


def test_a_prompt_is_rendered_once() -> None:
    """Text and digest come from the same bytes, and the record of the call renders nothing again."""
    blobs = CountingBlobs()
    now = suspended(PROGRAMS["a fan-out"], blobs)
    before = blobs.reads
    requests = list(now.requests)
    for_requests = blobs.reads - before
    resume(now, [Answered('{"n": 1}') for _ in requests], blobs)
    for_records = blobs.reads - before - for_requests

    assert for_requests == len(requests) == 3
    assert for_records == 0
