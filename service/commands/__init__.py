"""Commands that ask a running service, or work on files beside it: what a person types."""
