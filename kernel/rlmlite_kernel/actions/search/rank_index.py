"""The word index that rank needs, kept where it pays.

Building an index reads the whole text, so it is kept under a key that names exactly what was indexed: the blob and the
units in it. The second `rank` over the same log only looks words up. What is kept, and what is not:

- Units of one text: one index per text. A folder in which one file changed rebuilds that file's index only.
- Texts of rows: those of one large blob together. Small rows of many blobs (the answers of a model, say) are copied end
  to end, 4 MiB at a time, since an index per row would cost more than it holds.
- More than 256 MiB in all: no index is kept. Only the words of the query are looked up, each time anew.

No result depends on which of these happened, nor does any charge.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from rlmlite_kernel.actions.search.units import LineUnits, Units
from rlmlite_kernel.engines.bytes.buffers import digest_of, int_array
from rlmlite_kernel.engines.bytes.words import Hashes, query_hashes
from rlmlite_kernel.engines.ranking.postings import WordIndex, build_index, combine_indexes
from rlmlite_kernel.engines.ranking.stems import STEMS, stem_hashes
from rlmlite_kernel.evaluation.context import StepContext
from rlmlite_kernel.records.evolution import CHARGED_BEFORE
from rlmlite_kernel.values.blobs import digest_of_name
from rlmlite_kernel.values.columns import Text


class QueryWords(NamedTuple):
    """The different words of a query; `by_stem`: of those that have one stem the first, and stems are looked for."""

    words: tuple[str, ...]
    by_stem: bool

    def hashes(self) -> Hashes:
        """What is looked for in an index."""
        return stem_hashes(self.words) if self.by_stem else query_hashes(self.words)


INDEXED = 256 << 20
"""Bytes of text for which an index is kept."""

_COPIED = 1 << 22  # bytes of rows from different blobs that are indexed at once


class IndexSource(NamedTuple):
    """Units to index. `key` names them among all units of all contents; `build` takes the only words to index, or
    None for all.
    """

    key: str
    size: int
    build: Callable[[Hashes | None], WordIndex]


def build_rank_index(sources: list[IndexSource], hashes: Hashes, context: StepContext) -> WordIndex:
    """One index over all sources, their units numbered consecutively. `hashes` are the words to be looked up."""
    size = sum(source.size for source in sources)
    most = INDEXED
    if context.follows(CHARGED_BEFORE):
        # An index takes two or three times its text, so a run with a small limit keeps small ones.
        most = min(INDEXED, 2 * context.settings.limits.value_bytes)
    if size > most:
        context.note(
            f"no index is kept for more than {most >> 20} MiB of text: each rank reads it again", code="index_unkept"
        )
        return combine_indexes([source.build(hashes) for source in sources])

    def load_and_combine() -> WordIndex:
        indexes = [context.blobs.index(source.key, partial(source.build, None)) for source in sources]
        return combine_indexes(indexes)

    if len(sources) == 1:
        return load_and_combine()
    part_keys = "\n".join(source.key for source in sources)
    digest = hashlib.sha256(part_keys.encode()).hexdigest()
    # The combined index is kept in memory only: on disk it would hold every part a second time.
    return context.blobs.index(f"all {digest}", load_and_combine, stored=False)


def source_of_units(units: Units | LineUnits, by_stem: bool, context: StepContext) -> IndexSource:
    """The units of one text."""
    text = units.text

    def build(only: Hashes | None) -> WordIndex:
        return build_index(context.blobs.read(text.blob), *units.spans(), only=only, by_stem=by_stem)

    return IndexSource(_key(units.key, by_stem), len(text), build)


def _key(key: str, by_stem: bool) -> str:
    """The key of an index of words, or of stems."""
    return f"{STEMS} {key}" if by_stem else key


def sources_of_texts(texts: list[Text], by_stem: bool, context: StepContext) -> list[IndexSource]:
    """Texts as units, in order. A text with the blob `""` is an empty unit, so that numbers stay those of the rows."""
    sources: list[IndexSource] = []
    small: list[Text] = []  # texts of small runs, not yet in a source
    for blob, group in groupby(texts, key=lambda text: text.blob):
        run = list(group)
        is_large = sum(map(len, run)) >= _COPIED
        if blob and is_large:
            # The small ones first: units are numbered in the order of the rows.
            sources.extend(_copy_in_batches(small, by_stem, context))
            sources.append(_source_of_run(run, by_stem, context))
            small = []
        else:
            small.extend(run)
    return [*sources, *_copy_in_batches(small, by_stem, context)]


def _source_of_run(run: list[Text], by_stem: bool, context: StepContext) -> IndexSource:
    """Texts of one blob, indexed where they are."""
    blob = run[0].blob
    starts = int_array([text.start for text in run])
    stops = int_array([text.stop for text in run])

    def build(only: Hashes | None) -> WordIndex:
        content = context.blobs.read(blob)
        return build_index(content, starts, stops, only=only, by_stem=by_stem)

    # Digests, as the places of a million rows would make a key of megabytes.
    key = f"{digest_of_name(blob)} {digest_of(starts)} {digest_of(stops)}"
    size = sum(map(len, run))
    return IndexSource(_key(key, by_stem), size, build)


def _copy_in_batches(texts: list[Text], by_stem: bool, context: StepContext) -> Iterator[IndexSource]:
    """Texts of several blobs, in batches of about 4 MiB."""
    if not texts:
        return
    # A text belongs to the batch of 4 MiB in which it ends. So where batches end depends on the sizes alone, and the
    # same rows give the same keys.
    ends = np.cumsum([len(text) for text in texts])
    batch_numbers = ends // _COPIED
    batch_ends = np.flatnonzero(np.diff(batch_numbers)) + 1
    bounds = [0, *batch_ends.tolist(), len(texts)]
    for low, high in pairwise(bounds):
        yield _source_of_copy(texts[low:high], by_stem, context)


def _source_of_copy(texts: list[Text], by_stem: bool, context: StepContext) -> IndexSource:
    """Texts of several blobs, copied end to end with a line end between them, so that no word spans two."""
    # Each blob is named by its digest, so the places name the bytes: the same rows in another run have the same key.
    places = "\n".join(f"{digest_of_name(text.blob)} {text.start} {text.stop}" for text in texts)
    key = hashlib.sha256(places.encode()).hexdigest()
    size = sum(map(len, texts))

    # Copied only when called: with a cached index, which is the usual case, no text is read.
    def build(only: Hashes | None) -> WordIndex:
        parts = [text.read(context.blobs) if text.blob else b"" for text in texts]
        copied = b"\n".join(parts)
        sizes_with_line_end = [len(part) + 1 for part in parts]
        stops = np.cumsum(sizes_with_line_end, dtype=np.int64) - 1
        starts = np.concatenate(([0], stops[:-1] + 1))
        return build_index(copied, starts, stops, only=only, by_stem=by_stem)

    return IndexSource(_key(f"texts {key}", by_stem), size, build)
