"""Settings of all tests: Hypothesis judges results, never how fast a busy machine computed them."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
