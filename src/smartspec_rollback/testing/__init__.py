"""Fakes, sample values and the contract suites that every provider and store must pass."""
