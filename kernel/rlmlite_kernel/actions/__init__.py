"""The actions: `table` declares them, the rooms beside it implement them, by family."""
