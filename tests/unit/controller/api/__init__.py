"""Unit tests of the API's formats and documents."""
