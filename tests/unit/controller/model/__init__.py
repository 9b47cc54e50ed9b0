"""Tests of the values that the controller's model reads."""
