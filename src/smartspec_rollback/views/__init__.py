"""How values look: Markdown, JSON, tables, terminal. Views format, and decide nothing.

Called by ``cli`` and, through wiring, the engine (plans and reports for channels).
Only ``terminal`` imports rich; nothing here reads the clock, the store or a file.
"""
