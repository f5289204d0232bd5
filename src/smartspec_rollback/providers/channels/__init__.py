"""Where responders are: one file per channel."""
