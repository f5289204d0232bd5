"""The platform in the how-to really is one."""

import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "how-to" / "write-a-platform.md"


def test_example_keeps_the_contract(tmp_path: Path) -> None:
    """Somebody who copies the example gets a platform that breaks in an incident."""
    for block in blocks(PAGE):
        if block.language == "python":
            title = block.text.partition("\n")[0].removeprefix("# ")
            (tmp_path / title).write_text(block.text)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_toy_platform.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) >= 10
