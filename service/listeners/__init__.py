"""Below the API: sockets, connections that wait a bounded time, the usual requests, TLS."""
