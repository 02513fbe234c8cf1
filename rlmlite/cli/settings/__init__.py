"""Settings of the command line: the file, the environment and the flags, and the tools that they name."""
