"""The grammar, and the way from text to program and back. The grammar itself is `actions.lark`."""
