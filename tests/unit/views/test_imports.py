import subprocess
import sys


def test_only_the_terminal_views_import_rich() -> None:
    """If it fails, every piped command pays for a library it does not use."""
    modules = ("escape", "json", "markdown", "tables", "units", "wording")
    imports = "; ".join(f"import smartspec_rollback.views.{module}" for module in modules)
    program = f"{imports}; import sys; print('rich' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip() == "False"
