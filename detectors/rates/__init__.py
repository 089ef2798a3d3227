"""Rates of utterances: loops and empty hypotheses, in a cohort or everywhere."""
