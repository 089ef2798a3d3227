"""The HTTP interface: routes, wire types, errors."""
