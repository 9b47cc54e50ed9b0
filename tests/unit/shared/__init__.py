"""Unit tests of what controller and agent share."""
