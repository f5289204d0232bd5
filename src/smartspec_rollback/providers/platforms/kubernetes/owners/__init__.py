"""Controllers that would put a bad version back: found, suspended, and what is needed to resume.

``detecting`` reads from a workload's own metadata who owns it; ``reading`` looks at those owners,
with one call each; ``steps`` suspends them before anything else of a plan. One module for each
family of controllers says how its objects name each other, sleep, and are woken.
"""
