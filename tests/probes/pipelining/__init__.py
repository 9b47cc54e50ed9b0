"""Tests of commands that go in one packet, and of the checks that are repeated without."""
