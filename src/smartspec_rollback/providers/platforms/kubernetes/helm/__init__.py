"""Helm: no controller puts anything back, but its record must say what is live.

``records`` reads the Secrets that Helm keeps its revisions in; ``steps`` has the program ``helm``
record a rollback, or says what people should run.
"""
