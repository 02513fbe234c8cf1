"""What actions do with rows whose columns are there: keys, folds, conditions and expressions over whole columns."""
