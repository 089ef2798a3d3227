"""A recorded hospital, played into a service of its own."""
