"""One product for all tests of this folder, which leave it running as they found it."""
