"""Two versions side by side: an agent from a wheel of an earlier commit, with the controller of this source."""
