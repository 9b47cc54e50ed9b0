"""How incidents of one cause are reported together, for organizations and customers."""
