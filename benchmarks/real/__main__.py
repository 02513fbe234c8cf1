"""What does a real small model do to rlmlite? SmolLM2-135M, served by llama.cpp on this machine, over 127.0.0.1.

It is a poor reader, and that is its use: a real tokenizer, a real server, real constrained decoding, and answers that
are often wrong. Reported is what must hold whatever it says: the form of replies that ended by themselves, programs
that parse and check, what the product said of wrong answers, and that every trace replays with the server gone.

`make real` makes the environment. Nothing is sent to another machine.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.real.jobs import Replies, Report, run_classify, run_controller, run_extract
from benchmarks.real.mails import mails
from benchmarks.real.server import serve
from rlmlite_traces import Level, Verdict, replay, verify

QUESTIONS = (
    "How many lines of `context` contain ERROR?",
    "Which levels are there, and how often?",
    "What is the last line about?",
)


def main() -> int:
    """Run the jobs and print the report; 1 if something did not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, default=Path(".real"), help="where the model is installed")
    parser.add_argument("--mails", type=int, default=40)
    parser.add_argument("--questions", type=int, default=len(QUESTIONS))
    parser.add_argument("--keep", type=Path, help="a folder for the traces and the server's log")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rlmlite-real-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        reports = []
        with serve(given.environment, folder) as serving:
            for report in _jobs(serving.model, given.mails, QUESTIONS[: given.questions], folder):
                reports.append(report)
        print(f"the server is gone: {serving.is_gone()}")
        return _check(reports)


def _jobs(model: str, count: int, questions: Sequence[str], folder: Path) -> Iterator[Report]:
    """Each job, printed when it is done: they take minutes."""
    some = mails(count)
    jobs = [
        partial(run_classify, model, some, folder),
        partial(run_extract, model, some[:6], folder),
        *(partial(run_controller, model, question, number, folder) for number, question in enumerate(questions)),
    ]
    for job in jobs:
        began = time.monotonic()
        report = job()
        print(f"\n## {report.name}, {time.monotonic() - began:.0f} s\n")
        _print(report)
        yield report


def _print(report: Report) -> None:
    replies = report.replies
    print(f"- status: {report.status}")
    print(f"- asked: {', '.join(f'{form} {count}' for form, count in replies.forms.items())}")
    print(f"- replies: {replies.total}, of which held to a form and ended by themselves: {replies.ended}")
    print(f"- of the right form: {replies.right}")
    for gap, count in replies.gaps.items():
        print(f"- {count} of them: {gap}")
    for line in report.said:
        print(f"- said: {line}")
    sys.stdout.flush()


def _check(reports: Sequence[Report]) -> int:
    """Replay every trace without the server, and say what did not hold."""
    verdicts = {
        report.name: replay(verify(report.trace, report.root, Level.SEALED), recorded_paths=True).verdict
        for report in reports
    }
    reproduced = sum(verdict is Verdict.REPRODUCED for verdict in verdicts.values())
    ended, right, gaps = _sums([report.replies for report in reports])
    print(f"traces that replay with the server gone: {reproduced} of {len(reports)}")
    print(f"replies that ended by themselves: {ended}, of the right form: {right}, gaps that are named: {gaps}")
    return 0 if reproduced == len(reports) and right + gaps == ended else 1


def _sums(replies: Sequence[Replies]) -> tuple[int, int, int]:
    return (
        sum(each.ended for each in replies),
        sum(each.right for each in replies),
        sum(sum(each.gaps.values()) for each in replies),
    )


if __name__ == "__main__":
    sys.exit(main())
