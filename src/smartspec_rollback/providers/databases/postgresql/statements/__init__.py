"""The statements a server remembers, and compiling them on a live schema (layer L2)."""
