"""Scratch servers, and copies of recorded schemas in them."""
