"""The OpenAPI document as it is kept in docs/openapi.json, and what a change of it breaks for clients."""
