"""Information flow: where content of an input may go, through whatever a controller does with it."""
