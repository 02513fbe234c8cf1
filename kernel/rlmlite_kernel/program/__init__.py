"""Programs before they run: the AST, the action table, checking, and lowering to steps."""
