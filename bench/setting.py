"""What every measurement is given: how thorough to be, and folders to work in."""

from pathlib import Path

from smartspec_rollback.domain.values import Value


class Setting(Value):
    """One run of the benchmarks; ``root`` is a temporary folder, ``kept`` stays."""

    root: Path
    kept: Path
    quick: bool

    def folder(self, name: str) -> Path:
        """Make a folder of one's own."""
        made = self.root / name
        made.mkdir()
        return made
