"""The embedded store: its layout, its rows, the one thread that writes and the connections that read."""
