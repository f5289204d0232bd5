"""What the old version does with its schema, and how much of that is known.

Called by ``compare`` and the rules: who uses, runs and may do what. Whether a change harms them is
for the rules.
"""
