"""How wide help is, whatever the environment claims."""

import pytest

from smartspec_rollback.cli.options import _width


@pytest.mark.parametrize(
    ("told", "width"),
    [("60", 60), ("0", 40), ("20", 40), ("9999", 100), ("9" * 5000, 80), ("-5", 80), ("wide", 80)],
)
def test_width(told: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, an odd COLUMNS would end every command before it began."""

    def no_terminal() -> None:
        raise OSError

    monkeypatch.setattr("os.get_terminal_size", no_terminal)
    monkeypatch.setenv("COLUMNS", told)
    assert _width() == width
