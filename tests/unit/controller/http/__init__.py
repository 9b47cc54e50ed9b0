"""Unit tests of the HTTP layer: bodies, patches and what is wrong with them."""
