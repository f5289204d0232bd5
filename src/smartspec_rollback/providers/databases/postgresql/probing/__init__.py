"""What the rows of a live database say, and since when they were written (layer L4)."""
