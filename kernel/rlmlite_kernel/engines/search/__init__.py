"""Finding, counting and replacing the matches of a query. Start at `find`."""
