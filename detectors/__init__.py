"""Streaming word error rate and sequential drift detection: pure, river-compatible, no I/O."""
