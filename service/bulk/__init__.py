"""Histories in files: read, mapped to what the API takes, and sent to a service."""
