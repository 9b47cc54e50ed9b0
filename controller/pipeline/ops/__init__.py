"""The watch over the installation itself: what goes wrong in it, and the notices to its operators."""
