"""What the pages of logging in and out hold. Pure; called by ``login``."""

from collections.abc import Mapping
from urllib.parse import urlencode

from smartspec_rollback.server.auth.forms import CSRF_FIELD
from smartspec_rollback.views.markup import Html, Node, tag

AGAIN = "A rollback of high risk is approved by somebody who just proved who they are."


def at_provider(leads_to: str, *, again: bool) -> Html:
    """Show the way to the OpenID provider."""
    query: Mapping[str, str] = {"next": leads_to, **({"again": "1"} if again else {})}
    way = tag("a", "Go to the OpenID provider", href=f"/login/start?{urlencode(query)}")
    return tag("p", way)


def by_token(leads_to: str, *, form: str, csrf: str) -> Node:
    """Ask for a personal token; ``form`` ties it to this browser, ``csrf`` to its session."""
    hidden = {"next": leads_to, "form": form, CSRF_FIELD: csrf}
    return (
        tag(
            "form",
            (tag("input", type="hidden", name=name, value=held) for name, held in hidden.items()),
            tag(
                "p",
                tag("label", "Personal token", for_="token"),
                tag(
                    "input",
                    type="password",
                    id="token",
                    name="token",
                    required=True,
                    autocomplete="off",
                ),
                class_="field",
            ),
            tag("button", "Log in", type="submit", class_="action main"),
            method="post",
            action="/login",
        ),
        tag(
            "p",
            "Make one on the machine that has the ledger: ",
            tag("code", "smartspec token create --person NAME"),
        ),
    )


def logged_out(*, there_too: bool) -> Node:
    """Say that somebody is out; ``there_too`` offers to log out at the provider as well."""
    leave = tag("a", "Log out at the OpenID provider too", href="/login/leave")
    return (
        tag("p", "You are logged out here."),
        tag("p", leave) if there_too else None,
        tag("p", tag("a", "Log in again", href="/login")),
    )
