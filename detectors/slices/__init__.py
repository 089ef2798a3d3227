"""Which part of a cohort's speech a rise comes from: counts, what is usual there, what explains it."""
