"""Whole products with two kinds of monitor that are added to a copy of the source, three modules each."""
