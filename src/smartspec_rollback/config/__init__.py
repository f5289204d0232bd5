"""smartspec.yaml: its model, its strict loader, and what editors and documentation know of it."""
