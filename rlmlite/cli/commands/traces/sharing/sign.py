"""`rlmlite trace sign` and `rlmlite keygen`: who vouches for a trace."""

from pathlib import Path

from rlmlite.cli.commands.traces.opening import reader_limits
from rlmlite.cli.output.exits import Exit
from rlmlite.cli.output.faults import exit_code_of
from rlmlite.cli.output.printing import print_json, say
from rlmlite_traces import PrivateKey, generate_key, sign


def sign_trace(trace: Path, key: Path, root: str | None, allow: list[str], *, as_json: bool) -> Exit:
    """Sign a trace."""

    def work() -> Exit:
        signed = sign(trace, PrivateKey.read(key), root, reader_limits(allow))
        if as_json:
            print_json(value=signed.keyid, trace=str(trace), root=signed.root, signatures=signed.signatures)
        else:
            say(f"signed by the key {signed.keyid}; signatures: {signed.signatures}", "green")
            say(f"root: {signed.root}")
        return Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)


def make_key(file: Path, *, as_json: bool) -> Exit:
    """Make a key."""

    def work() -> Exit:
        public = generate_key(file)
        if as_json:
            print_json(value=public.keyid, key=str(file), public=f"{file}.pub")
        else:
            say(f"{file}: the private key, for you alone; whoever has it signs as you")
            say(f"{file}.pub: the public key, for whoever verifies")
            say(f"its id: {public.keyid}")
        return Exit.COMPLETED

    return exit_code_of(work, as_json=as_json)
