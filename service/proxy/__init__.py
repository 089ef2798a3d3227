"""A reverse proxy between an app and its engine, which takes a copy of what the engine answers."""
