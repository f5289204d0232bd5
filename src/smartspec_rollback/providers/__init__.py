"""What the engine works through: one file or one small package for each thing outside."""
