"""An installation across regions with long cables between them."""
