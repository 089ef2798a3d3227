"""What detection promises, measured: false alarms, delay, specificity, estimates, real recordings, cost."""
