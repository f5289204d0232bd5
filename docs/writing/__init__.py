"""What ``docs.generate`` is made of: one module per kind of page."""
