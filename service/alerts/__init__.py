"""From what the monitor says to what a person handles: alerts, their words, their record, silences."""
