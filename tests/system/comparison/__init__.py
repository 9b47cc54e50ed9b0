"""The whole product, while a device on the way to one location tampers with what it sees of a server."""
