"""What the libraries of compressed data raise for damage."""

import lzma
import zlib

DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)
"""Each library its own errors, and `ValueError` for headers that make no sense."""
