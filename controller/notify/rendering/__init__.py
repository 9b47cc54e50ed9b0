"""From a notice to its words, and their layouts: plain text and HTML."""
