"""The contract between controller and agent: only what both sides must agree on."""
