"""Unit tests of what pages show and draw."""
