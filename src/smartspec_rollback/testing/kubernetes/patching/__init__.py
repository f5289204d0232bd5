"""Changing objects by the four kinds of patches the API takes. Pure."""
