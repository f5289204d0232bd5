"""The ledger and journal: what was deployed, judged, held, planned, approved and done.

``sqlite`` is the default. Another database keeps the same tables with the same meaning: the
modules ``deployments``, ``verdicts``, ``holds``, ``rollbacks``, ``journal``, ``decisions``,
``chain`` and ``transfer`` know only ``transactions`` and SQL that both speak; ``sqlite_file``,
``locks`` and ``faults`` are what SQLite needs.
"""
