"""What may come in from outside as a name or a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartspec_rollback.domain.names import checked_name, checked_text, nearest
from smartspec_rollback.errors import UsageError

SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+:@-")


@given(text=st.text(max_size=140) | st.text(alphabet=sorted(SAFE), max_size=140))
def test_names_that_are_let_in_are_harmless(text: str) -> None:
    """They end up in file names, process names, Markdown and terminals."""
    try:
        name = checked_name("version", text)
    except UsageError:
        return
    assert name == text
    assert set(name) <= SAFE
    assert ".." not in name
    assert name[0].isalnum()
    assert len(name) <= 128


@pytest.mark.parametrize("name", ["v1.2.0", "deploy-12345", "a", "1.10", "x" * 128, "a@b:c+d_e"])
def test_usual_names_are_let_in(name: str) -> None:
    """Refusing what pipelines really send would make the tool useless."""
    assert checked_name("id", name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-rf",
        ".hidden",
        "a/b",
        "a..b",
        "a b",
        "a\n",
        "a\x00",
        "$(id)",
        "é",
        "x" * 129,
        "`a`",
        "a|b",
    ],
)
def test_hostile_names_are_refused(name: str) -> None:
    """Shell and path characters must not reach a shell or a path."""
    with pytest.raises(UsageError, match="cannot be") as refused:
        checked_name("id", name)
    assert refused.value.remedy


@given(text=st.text(max_size=300))
def test_texts_that_are_let_in_are_one_printable_line(text: str) -> None:
    """A reason with escape codes could rewrite the terminal, or forge lines of a report."""
    try:
        folded = checked_text("reason", text)
    except UsageError:
        return
    assert folded.isprintable()
    assert folded == " ".join(folded.split())
    assert checked_text("reason", folded) == folded


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 2001, "a\x1b[31mb", "a\u202eb"])
def test_empty_long_and_control_texts_are_refused(text: str) -> None:
    """What cannot be shown safely is not stored."""
    with pytest.raises(UsageError):
        checked_text("reason", text)


def test_the_nearest_names_come_best_first_and_bounded() -> None:
    """Typing errors in an incident are answered with the id that was meant."""
    known = ["deploy-12346", "deploy-12345", "rollout-1", "deploy-99999"]
    assert nearest("deploy-1234", known)[0] in {"deploy-12345", "deploy-12346"}
    assert len(nearest("deploy-1", [f"deploy-{n}" for n in range(50)])) == 3
    assert nearest("zzz", known) == ()
