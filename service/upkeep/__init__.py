"""What is done to a store as a whole: kept small, erased from, copied, checked, given another key."""
