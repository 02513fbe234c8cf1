"""Bytes on their way: blocks as streams and files, and single streams unpacked."""
