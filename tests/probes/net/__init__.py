"""Tests of resolving, connecting and the line stream."""
