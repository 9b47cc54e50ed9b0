"""What `/metrics` of an agent tells, and the small listener that serves it."""
