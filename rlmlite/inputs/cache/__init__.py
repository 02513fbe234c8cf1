"""What is kept between runs so that it is not computed again: digests of files, and word indexes."""
