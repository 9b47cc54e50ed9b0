"""The contract between controller and agent: a thing stands here only if both sides must agree on it."""
