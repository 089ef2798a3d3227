"""Notices on their way to receivers: at least once, in order, with patience."""
