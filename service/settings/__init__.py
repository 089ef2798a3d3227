"""What an operator writes down: read, checked, and taken over by a running service."""
