"""Locations, health, metrics, the OpenAPI document and the form of errors."""
