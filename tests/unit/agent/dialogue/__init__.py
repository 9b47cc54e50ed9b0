"""Unit tests of what all probes speak with."""
