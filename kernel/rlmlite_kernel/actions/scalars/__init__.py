"""Actions on single values, which mostly stand in row expressions: numbers, texts, dates, and which value to take.

There they are applied to each row of a million, and one odd row must not end the step. So what has no result is null,
and the step says of how many values, and of the first of them.
"""
