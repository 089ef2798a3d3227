"""The steps of `detectors.text` in any language, and what looks at words beside it."""
