"""The demo: a small shop, releases of it, constant load, and the story of one bad release.

Run by ``smartspec demo``; it uses the commands as anybody would, in processes of their own.
"""
