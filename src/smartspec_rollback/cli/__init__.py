"""The commands: they parse, call the engine through wiring, show a view, and exit.

A command's module holds its options and help texts and imports nothing but click; what it needs
to work is imported when it is invoked, so that ``--help`` answers at once.
"""
