"""Does a test notice when a fix is taken out? Each fix is taken out of a copy of the tree, and its test is run there.

    python -m tests.mutations           every row of the list
    python -m tests.mutations A11 E1    these rows

Idea: a copy of the tree is made once. For each entry one file is rewritten without the fix, the named test runs in a
process of its own, and the file is put back. Before that, all named tests must pass in the untouched copy: a test that
always fails notices nothing. For `A11`, `float("1,204.75")` is null without a word again; the test that expects its
warning fails, so the fix is held.

Ends with 1 if a test passed without the fix that it is named for.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutations.entries import ROOT, Mutation, read_mutations

PACKAGES = ("grammar", "kernel", "traces")
PATIENCE = 600
"""Seconds that one test may take. One that takes longer has noticed something: without its fix it does not end."""

TESTS_FAILED = 1
"""What pytest exits with when tests ran and some failed; 2 and more are errors of the run itself."""


def copy_tree(folder: Path) -> Path:
    """The files that git knows or would know, as they stand, in a folder of their own."""
    named = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, named.stdout.decode().split("\0")):
        if (source := ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def run_tests(tree: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    """Run tests of a copy against the copy's own packages, not those that are installed."""
    paths = os.pathsep.join(str(tree / package) for package in ("", *PACKAGES))
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "--no-header",
            "-p",
            "no:cacheprovider",
            "-m",
            "slow or not slow",
            *tests,
        ],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def is_noticed(tree: Path, mutation: Mutation) -> bool:
    """Whether the test fails without the fix. The file is as before afterwards."""
    path = tree / mutation.file
    text = path.read_text("utf-8")
    path.write_text(mutation.mutate(text), "utf-8")
    try:
        return run_tests(tree, [mutation.test]).returncode == TESTS_FAILED
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(text, "utf-8")


def main(rows: list[str]) -> int:
    """Take out the fixes of some rows, or of all; print what was noticed. Returns the exit code."""
    mutations = [mutation for mutation in read_mutations() if not rows or mutation.row in rows]
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_tree(Path(folder))
        untouched = run_tests(tree, sorted({mutation.test for mutation in mutations}))
        if untouched.returncode:
            print(f"the tests fail with every fix in place:\n{untouched.stdout[-2000:]}{untouched.stderr[-2000:]}")
            return 1
        missed = 0
        for mutation in mutations:
            noticed = is_noticed(tree, mutation)
            missed += not noticed
            print(f"{mutation.row:4} {'noticed' if noticed else 'MISSED '}  {mutation.test}", flush=True)
    print(f"{len(mutations) - missed} of {len(mutations)} fixes taken out were noticed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
