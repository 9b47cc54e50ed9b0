"""Tests of the kept OpenAPI document."""
