"""Tests of the pages that need neither a server nor a browser."""
