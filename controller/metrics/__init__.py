"""What `/metrics` of a controller tells: what it counted, what it is, and what it saw of the installation."""
