"""Whether an alert points at the slice that its rise comes from."""
