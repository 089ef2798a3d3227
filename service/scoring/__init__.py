"""Scoring two files: a number that somebody doubts, counted again where he can look at it."""
