"""The pipeline's stages on a real database and a real broker."""
