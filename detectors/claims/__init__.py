"""Claims from outside, judged on what comes."""
