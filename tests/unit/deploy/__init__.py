"""Unit tests of the programs that deploy the product."""
