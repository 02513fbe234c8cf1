"""Commands on traces: `trace show`, `trace verify`, `trace replay`."""
