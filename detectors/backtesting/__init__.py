"""What settings mean on a history: drawn anew, watched, and how small a change would be noticed."""
