"""Tables of mistakes: what models write that means nothing here, each with the sentence that shows what to write."""
