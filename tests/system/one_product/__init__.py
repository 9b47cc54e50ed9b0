"""One product for all tests of this folder. Each test leaves it running as it found it."""
