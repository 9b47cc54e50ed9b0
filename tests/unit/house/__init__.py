"""Rules of the source code itself: its words, its layout."""
