"""werwatch: a last-mile drift monitor for speech transcription."""

__version__ = "0.1.0"
