"""Tests of the product; their folders mirror the product's, by what a test needs to run."""
