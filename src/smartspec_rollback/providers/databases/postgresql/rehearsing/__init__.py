"""Old statements, executed on copies of two schemas with the same values (layer L3)."""
