"""Record a hospital's dictation with real voices, real noise and a real recogniser.

The demonstration does not invent transcripts: a speech synthesiser reads clinical
sentences in eight English accents, equipment noise is mixed into some of them, and
pocketsphinx transcribes the result. This package makes those recordings; it is needed
only to make them again. ``python -m service.demo.recorder.record --help`` starts it.
"""
