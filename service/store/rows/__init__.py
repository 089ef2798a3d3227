"""One file for each kind of row: how it is written, and how it is read."""
