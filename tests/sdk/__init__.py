"""Makes the typed Python client of our own API from its OpenAPI document: `make sdk`."""
