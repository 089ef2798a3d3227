"""The English steps of `detectors.text`: one file a step, each with its RULES (hashed into the version)."""
