"""Events as they happen, as server-sent events."""
