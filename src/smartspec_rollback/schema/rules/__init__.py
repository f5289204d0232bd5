"""The rules: one family of changes per file, each a function from a Case to its findings."""
