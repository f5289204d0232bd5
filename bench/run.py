"""Measure everything, print a table, save it in bench-results/; exit 1 if a bound is broken.

``python bench/run.py [--only NAME]... [--quick]``. Bounds are ratios and differences within this
very run, never times of another machine.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import cluster_speed
import console_speed
import help_speed
import ledger_speed
import load_speed
import schema_speed
import server_speed
import switch_speed
from figure import Figure, documents, table
from setting import Setting

MEASUREMENTS: Mapping[str, Callable[[Setting], tuple[Figure, ...]]] = {
    "help": help_speed.measure,
    "ledger": ledger_speed.measure,
    "switch": switch_speed.measure,
    "load": load_speed.measure,
    "schema": schema_speed.measure,
    "cluster": cluster_speed.measure,
    "console": console_speed.measure,
    "server": server_speed.measure,
}
_DISTURBING = ("SMARTSPEC_DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
"""What would have commands use another ledger, or compile themselves anew each time."""

RESULTS = Path(__file__).parent.parent / "bench-results"


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Measure the speed of SmartSpec Rollback.")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, help="measure only this")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and a smaller ledger")
    asked = parser.parse_args()
    for name in _DISTURBING:
        os.environ.pop(name, None)
    RESULTS.mkdir(exist_ok=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="smartspec-bench-") as root:
        setting = Setting(root=Path(root), kept=RESULTS, quick=asked.quick)
        for name in asked.only or MEASUREMENTS:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            figures += MEASUREMENTS[name](setting)
    _save(tuple(figures), quick=asked.quick)
    print(table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


def _save(figures: tuple[Figure, ...], *, quick: bool) -> None:
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    document = {"machine": machine, "quick": quick, "figures": documents(figures)}
    (RESULTS / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    on = f"Medians, on {machine['cores']} cores with Python {machine['python']}"
    (RESULTS / "results.md").write_text(
        f"# Speed\n\n{on}{', a quick run' if quick else ''}.\n\n{table(figures)}"
    )


if __name__ == "__main__":
    sys.exit(main())
