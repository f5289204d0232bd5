"""What every page of the console has."""

import pytest

from smartspec_rollback.views.html.layout import Assets, Viewer, page


@pytest.mark.parametrize("audits", [True, False])
def test_the_way_to_the_audit_log_is_shown_to_whom_it_leads_somewhere(*, audits: bool) -> None:
    """A link that ends in a refusal looks like a fault of the console."""
    shown = page("Services", viewer=Viewer(name="alice", audits=audits), assets=Assets())
    assert ('href="/audit"' in shown) is audits
    assert 'href="/holds"' in shown


def test_nobody_is_shown_no_ways() -> None:
    """Before a login there is nowhere to go."""
    assert "<nav" not in page("Not found", viewer=Viewer(), assets=Assets())
