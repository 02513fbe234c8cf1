"""Tables: an input's rows as one content, by columns (`columnar`), or as older traces have them, by rows (`sheets`)."""
