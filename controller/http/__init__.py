"""What all groups of routes share: login, bodies, errors, identifiers, the OpenAPI document."""
