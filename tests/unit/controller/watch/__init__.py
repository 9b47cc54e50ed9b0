"""Unit tests of `watch`, the stream in a terminal."""
