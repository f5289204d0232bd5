"""What the texts of a schema and of statements say: types, defaults, predicates, bounds, constants.

Read by the rules and by the packages beside this one. Nothing here knows a comparison; what cannot
be read for certain is said to be unknown.
"""
