"""The monitor and the claims on their way through the history, in the one thread that writes."""
