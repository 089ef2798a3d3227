"""References for more than an utterance, or of more than one wording: whose words are whose."""
