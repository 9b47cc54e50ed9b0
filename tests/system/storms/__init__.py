"""Many outages at once, each test with a product of its own."""
