"""Tests of throttled checks and their permits."""
