"""The verbs of a rollback. Every command calls these, and nothing else acts.

Start reading at ``run``: it sequences resolve, plan, assess, approve, execute, verify and report.
"""
