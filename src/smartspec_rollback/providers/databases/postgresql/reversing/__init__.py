"""The parts of ``reversal``: scratch databases for hostile scripts, their rows, what is lost."""
