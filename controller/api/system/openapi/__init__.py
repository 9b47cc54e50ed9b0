"""What the OpenAPI document says beyond what Litestar makes of the routes."""
