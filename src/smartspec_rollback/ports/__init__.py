"""Protocols: what the engine needs of the world. Providers and stores implement them."""
