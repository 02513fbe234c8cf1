"""Source code read for `symbols`: the grammars of tree-sitter, and the kernel's parser port over them."""
