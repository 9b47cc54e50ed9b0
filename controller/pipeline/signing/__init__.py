"""The signatures of locations: what comes from them is verified, and what must be signed is decided."""
