"""What is kept between runs so that it need not be computed again: digests of files, and word indexes."""
