"""When failures are believed: in words, as a picture, and what another policy would have done."""
