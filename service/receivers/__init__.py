"""Where alerts go, one file a kind."""
