"""What the service shows of itself: metrics, log, spans; places and numbers, never a value."""
