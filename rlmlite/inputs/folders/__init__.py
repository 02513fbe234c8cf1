"""Which files of a folder are read, and which are left out: the listing, and the ignore files that bear on it."""
