"""Live updates: what changed on the pages that people have open, made once for all who have the same page open."""
