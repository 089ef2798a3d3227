"""A service under load is killed over and over; what it answered and what it knows must stay."""
