"""From an expression to a value, once or for every row, with the origins of what took part."""
