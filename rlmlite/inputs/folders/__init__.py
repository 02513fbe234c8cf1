"""Which files of a folder are read, and which are left out."""
