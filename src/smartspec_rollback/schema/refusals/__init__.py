"""Which change of the schema a server's refusal is about.

Called by the rules about what was tried or run, and by ``workload``. Nothing here asks a server.
"""
