"""How near do templates come to those that people wrote, beside Drain3 and the part of LogBatcher that needs no model?

    python -m benchmarks.templates --loghub DIR     a clone of github.com/logpai/loghub: 16 logs of 2,000 lines each

Grouping accuracy (GA) is the share of lines whose template has exactly the lines of a published one; F is the harmonic
mean of the same for templates (found ones that are published, published ones that are found).

- ours: `patterns`, without any setting.
- Drain3: as it comes; and with the masks, similarity and depth that the logparser benchmark has for each log.
- LogBatcher: its clusters (words without digits, TF-IDF, DBSCAN), to which it puts a model's templates; without a model
  a cluster is a template. What it reaches with a model is in its paper.

"Five orders" is the least and the largest GA when the lines come in five other orders. Times and memory are those of
a process over a generated log. Drain3 and scikit-learn are installed by hand (`pip install drain3 scikit-learn`);
without them, their columns are left out.
"""

import argparse
import csv
import os
import random
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, TypeAlias

from benchmarks.cold_start import PATHS
from benchmarks.load import mapped
from benchmarks.logs import log_file
from benchmarks.measure import MB, bytes_text, print_cells, seconds_text
from benchmarks.processes import run_process
from rlmlite_kernel.engines.bytes.line_blocks import TextPart
from rlmlite_kernel.engines.patterns.patterns import find_patterns

LOGHUB = Path(__file__).parents[2] / "loghub"

Label: TypeAlias = Hashable
"""What lines of one template have in common."""


class DrainSettings(NamedTuple):
    """How the logparser benchmark sets Drain for one log."""

    similarity: float
    depth: int
    masks: tuple[str, ...] = ()


_ADDRESS = r"(\d+\.){3}\d+"
_DOTTED = r"([\w-]+\.){2,}[\w-]+"
TUNED = {
    "HDFS": DrainSettings(0.5, 4, (r"blk_-?\d+", rf"{_ADDRESS}(:\d+)?")),
    "Hadoop": DrainSettings(0.5, 4, (_ADDRESS,)),
    "Spark": DrainSettings(0.5, 4, (_ADDRESS, r"\b[KGTM]?B\b", _DOTTED)),
    "Zookeeper": DrainSettings(0.5, 4, (rf"(/|){_ADDRESS}(:\d+)?",)),
    "BGL": DrainSettings(0.5, 4, (r"core\.\d+",)),
    "HPC": DrainSettings(0.5, 4, (r"=\d+",)),
    "Thunderbird": DrainSettings(0.5, 4, (_ADDRESS,)),
    "Windows": DrainSettings(0.7, 5, (r"0x.*?\s",)),
    "Linux": DrainSettings(0.39, 6, (_ADDRESS, r"\d{2}:\d{2}:\d{2}")),
    "Android": DrainSettings(
        0.2, 6, (r"(/[\w-]+)+", _DOTTED, r"\b(\-?\+?\d+)\b|\b0[Xx][a-fA-F\d]+\b|\b[a-fA-F\d]{4,}\b")
    ),
    "HealthApp": DrainSettings(0.2, 4),
    "Apache": DrainSettings(0.5, 4, (_ADDRESS,)),
    "Proxifier": DrainSettings(
        0.6, 3, (r"<\d+\ssec", r"([\w-]+\.)+[\w-]+(:\d+)?", r"\d{2}:\d{2}(:\d{2})*", r"[KGTM]B")
    ),
    "OpenSSH": DrainSettings(0.6, 5, (_ADDRESS, _DOTTED)),
    "OpenStack": DrainSettings(0.5, 5, (rf"({_ADDRESS},?)+", r"/.+?\s", r"\d+")),
    "Mac": DrainSettings(0.7, 6, (_DOTTED,)),
}


# What is compared: from lines to the groups of lines that have one template


class Group(NamedTuple):
    """The lines of a template, told by how many they are, the first and the last."""

    lines: int
    first: int
    last: int


def groups_of(labels: Iterable[Label]) -> list[Group]:
    """The groups of lines that have the same label."""
    lines: dict[Label, list[int]] = defaultdict(list)
    for number, label in enumerate(labels):
        lines[label].append(number)
    return [Group(len(some), some[0], some[-1]) for some in lines.values()]


def ours(_: str, lines: Sequence[str]) -> list[Group]:
    """The engine of `patterns`; each line is a part, so that places are line numbers."""
    parts = [TextPart(content, 0, len(content)) for content in map(str.encode, lines)]
    return [Group(each.lines, each.first.part, each.last.part) for each in find_patterns(parts).templates]


def drain3(_: str, lines: Sequence[str]) -> list[Group]:
    """Drain3 as it comes."""
    return _drain(DrainSettings(0.4, 4), lines)


def drain3_tuned(log: str, lines: Sequence[str]) -> list[Group]:
    """Drain3 with the settings for this log."""
    return _drain(TUNED[log], lines)


def _drain(settings: DrainSettings, lines: Sequence[str]) -> list[Group]:
    config = import_module("drain3.template_miner_config").TemplateMinerConfig()
    config.drain_sim_th, config.drain_depth = settings.similarity, settings.depth
    masking = import_module("drain3.masking").MaskingInstruction
    config.masking_instructions = [masking(mask, "*") for mask in settings.masks]
    miner = import_module("drain3").TemplateMiner(config=config)
    return groups_of([miner.add_log_message(line)["cluster_id"] for line in lines])


def logbatcher_clusters(_: str, lines: Sequence[str]) -> list[Group]:
    """How LogBatcher partitions lines before it asks a model; those in no cluster are alike if their words are."""
    text, cluster = import_module("sklearn.feature_extraction.text"), import_module("sklearn.cluster")
    words = [_logbatcher_words(line) for line in lines]
    vectors = text.TfidfVectorizer(tokenizer=list, lowercase=False, token_pattern=None).fit_transform(words)
    numbers: list[int] = cluster.DBSCAN(eps=0.1, min_samples=5).fit(vectors).labels_.tolist()
    return groups_of([tuple(mine) if number < 0 else number for number, mine in zip(numbers, words, strict=True)])


def _logbatcher_words(line: str) -> list[str]:
    kept: list[str] = []
    for word in re.split(r"[ ,|]", line):
        if "=" in word:
            kept += word.split("=")[:1] if word.count("=") == 1 else []
        elif not re.search(r"[\d/]", word):
            kept.append(word)
    return [word for word in kept if word] or [re.sub(r"\d+(\.\d+)?", "0", line)]


class Miner(NamedTuple):
    """One of those that are compared, and the library that it needs."""

    find: Callable[[str, Sequence[str]], list[Group]]
    needs: str | None = None


MINERS = {
    "ours": Miner(ours),
    "Drain3": Miner(drain3, "drain3"),
    "Drain3, tuned": Miner(drain3_tuned, "drain3"),
    "LogBatcher's clusters": Miner(logbatcher_clusters, "sklearn"),
}


# How near they come


class PublishedLog(NamedTuple):
    """A log: what its lines say after their header, and the published template of each."""

    name: str
    lines: list[str]
    templates: list[str]


class Accuracy(NamedTuple):
    """Of lines (GA) and of templates (F), from 0 to 1, and how many templates the miner made."""

    lines: float
    templates: float
    made: int

    def text(self) -> str:
        """As the table shows it."""
        return f"{self.lines:.3f}, {self.templates:.3f}, {self.made}"


def accuracy(mine: Sequence[Group], published: Sequence[Group]) -> Accuracy:
    """How much of the published grouping was found."""
    same = set(mine) & set(published)
    lines = sum(group.lines for group in same) / sum(group.lines for group in published)
    return Accuracy(lines, 2 * len(same) / (len(mine) + len(published)), len(mine))


def log_files(loghub: Path) -> Iterator[PublishedLog]:
    """Every log of a clone."""
    for path in sorted(loghub.glob("*/*_2k.log_structured*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        yield PublishedLog(path.parent.name, [row["Content"] for row in rows], [row["EventTemplate"] for row in rows])


def reach(miner: Miner, log: PublishedLog) -> Accuracy:
    """How near a miner comes to the templates of a log."""
    return accuracy(miner.find(log.name, log.lines), groups_of(log.templates))


def shuffled(log: PublishedLog, seed: int) -> PublishedLog:
    """The same lines in another order."""
    order = list(range(len(log.lines)))
    random.Random(seed).shuffle(order)
    return PublishedLog(log.name, [log.lines[line] for line in order], [log.templates[line] for line in order])


# How long, and in how much memory


def child(name: str, path: Path) -> None:
    """In a process of its own: find the templates of a file, and print how long that took, without the start."""
    begun = time.perf_counter()
    if name == "ours":
        content = mapped(path)
        find_patterns([TextPart(content, 0, len(content))])
    else:
        lines = path.read_text("utf-8").splitlines()
        # LogBatcher takes 2,000 lines at a time; its clusters are a matrix of all pairs of them.
        size = 2_000 if name == "LogBatcher's clusters" else len(lines)
        for start in range(0, len(lines), size):
            MINERS[name].find("HDFS", lines[start : start + size])
    print(time.perf_counter() - begun)


def cost(name: str, path: Path) -> str:
    """Time and memory of such a process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.templates", "--child", name, "--file", str(path)]
        done = run_process(command, Path(folder), {"PYTHONPATH": os.pathsep.join(PATHS)})
    assert not done.code, done.err
    return f"{seconds_text(float(done.out))}, {bytes_text(done.anonymous)}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loghub", type=Path, default=LOGHUB, help="a clone of logpai/loghub [beside this clone]")
    parser.add_argument("--child", choices=MINERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        child(options.child, options.file)
        return
    logs = list(log_files(options.loghub))
    if not logs:
        sys.exit(
            f"{options.loghub} has no *_2k.log_structured.csv; clone github.com/logpai/loghub and name it: --loghub"
        )
    miners = {name: miner for name, miner in MINERS.items() if miner.needs is None or find_spec(miner.needs)}
    came = {name: [reach(miner, log) for log in logs] for name, miner in miners.items()}
    lines = [
        [log.name, str(len(set(log.templates))), *(came[name][number].text() for name in miners)]
        for number, log in enumerate(logs)
    ]
    lines.append(["mean", "", *(mean_text(came[name]) for name in miners)])
    lines.append(["five orders, mean", "", *(orders_text(miner, logs) for miner in miners.values())])
    path = log_file(20 * MB)
    lines.append([f"a process over {bytes_text(path.stat().st_size)}", "", *(cost(name, path) for name in miners)])
    head = ["question", "published", *(f"{name}: GA, F, templates" for name in miners)]
    print_cells("Templates beside published ones", [head, *lines])


def mean_text(accuracies: Sequence[Accuracy]) -> str:
    """The mean over all logs."""
    lines, templates = (statistics.mean(each[place] for each in accuracies) for place in (0, 1))
    return f"{lines:.3f}, {templates:.3f}"


def orders_text(miner: Miner, logs: Sequence[PublishedLog]) -> str:
    """The least and the largest mean GA in five other orders of lines."""
    means = [statistics.mean(reach(miner, shuffled(log, seed)).lines for log in logs) for seed in range(5)]
    return f"{min(means):.3f} to {max(means):.3f}"


if __name__ == "__main__":
    main()
