"""The global signal: whether everybody got worse, in cohorts large and small."""
