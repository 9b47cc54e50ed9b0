"""Unit tests of the kinds of monitors and their configs."""
