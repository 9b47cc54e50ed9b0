"""Tags: listed, made, put on monitors."""
