"""Where measurements come from: one file per source."""
