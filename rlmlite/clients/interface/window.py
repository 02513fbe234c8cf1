"""Whether a server can have read a whole prompt, by the number of tokens that it reports.

Local servers cut a prompt that is longer than their window without a word: Ollama keeps the end, llama.cpp the middle,
vLLM what `truncate_prompt_tokens` says. What they report is the number of tokens after the cut:

    99,001 bytes of a log, 18,000 words     at least 6,000 tokens     reported: 4,096     so it was cut

The bound must hold for every tokenizer, however dense its tokens, so it is the largest of three that each hold:

- no vocabulary has tokens of more than 256 bytes (the longest known are runs of 128 blanks);
- on a whole text a token spans less than three words on average (nearly all tokenizers end a token with its word;
  those that do not span 1.5);
- a token is one of at most 2^18, so it carries 18 bits. What `zlib` needs for the text is halved, so that a vocabulary
  may know it twice as well.

A cut that leaves more than that is not found: a window of a third of the text, or a text of one word a thousand times.
Not here: what becomes of such a call (`rlmlite.runs.calls`).
"""

import zlib
from typing import Final

_SHORTEST: Final = 2_000
"""Bytes. No server has a window so small that it cuts a shorter prompt."""

_BYTES_PER_TOKEN: Final = 256
_WORDS_PER_TOKEN: Final = 3
_BITS_PER_TOKEN: Final = 2 * 18


def least_tokens(text: str) -> int:
    """The tokens that a prompt has at least, by any tokenizer; 0 for a short one."""
    content = text.encode("utf-8", "backslashreplace")
    if len(content) < _SHORTEST:
        return 0
    by_size = len(content) // _BYTES_PER_TOKEN
    by_words = len(content.split()) // _WORDS_PER_TOKEN
    by_information = 8 * len(zlib.compress(content)) // _BITS_PER_TOKEN
    return max(by_size, by_words, by_information)


def is_cut(text: str, reported: int | None) -> bool:
    """Whether a server that reports so many tokens of a prompt has not read all of it."""
    # No tokens at all are no report: a client without a model says so. The bound compresses the text, so it is made
    # only where the cheapest guess leaves a doubt.
    if not reported or reported * 2 >= len(text):
        return False
    return reported < least_tokens(text)
