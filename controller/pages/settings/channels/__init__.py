"""Where notifications go: each channel with a test and its deliveries."""
