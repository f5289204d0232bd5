"""What every page of the console has: its head, the way around, who is logged in.

Called by the console for all its pages, those about errors included. Whoever looks works by
keyboard, by a screen reader, on a phone, and without scripts.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from smartspec_rollback.views.markup import Html, Node, joined, outside, tag

_AUDIT = "/audit"
NAVIGATION = (
    ("/", "Services"),
    ("/deployments", "Deployments"),
    ("/rollbacks", "Rollbacks"),
    ("/holds", "Holds"),
    ("/readiness", "Readiness"),
    (_AUDIT, "Audit log"),
)


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page, and the token that their forms carry; nobody for an error's page.

    ``audits``: they may read the audit log, so the way to it is shown.
    """

    name: str = ""
    csrf: str = ""
    audits: bool = False


@dataclass(frozen=True)
class Assets:
    """Where the style sheet, the script and the icon are."""

    style: str = "/assets/console.css"
    script: str = "/assets/console.js"
    icon: str = "/assets/icon.svg"


def page(
    title: str,
    *body: Node,
    viewer: Viewer,
    assets: Assets,
    here: str = "",
    live: bool = False,
    refresh: int | None = None,
) -> str:
    """Write a page; ``here`` is its place among the navigation.

    ``live`` brings the script. ``refresh`` loads it anew every so many seconds where no script
    runs.
    """
    return "<!doctype html>\n" + tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("title", f"{title} · SmartSpec Rollback"),
            tag("link", rel="stylesheet", href=assets.style),
            tag("link", rel="icon", href=assets.icon, type="image/svg+xml"),
            tag("script", src=assets.script, defer=True) if live else None,
            _refreshed(refresh),
        ),
        tag(
            "body",
            tag("a", "Skip to the content", href="#main", class_="skip"),
            _header(viewer, here),
            tag("main", tag("h1", title), body, id="main", tabindex=-1),
        ),
        lang="en",
    )


def button(
    label: str, to: str, viewer: Viewer, *, fields: Node = None, kind: str = "", name: str = ""
) -> Html:
    """Make a form with one button, which sends its ``fields`` by POST to ``to``."""
    return tag(
        "form",
        tag("input", type="hidden", name="csrf_token", value=viewer.csrf),
        fields,
        tag("button", label, type="submit", class_=f"action {kind}".strip()),
        method="post",
        action=to,
        aria_label=name or label,
    )


def field(label: str, name: str, *, at: str, required: bool = False, **more: str | int) -> Html:
    """Make a labelled line of text for a form; ``at`` tells fields of one page apart."""
    made = f"{at}-{name}"
    return tag(
        "p",
        tag("label", label, for_=made),
        tag("input", type="text", id=made, name=name, required=required, **more),
        class_="field",
    )


def link(label: Node, *way: str, **query: str) -> Html:
    """Make a link to a page of the console; each part of the ``way`` may hold anything."""
    return tag("a", label, href=address(*way, **query))


def address(*way: str, **query: str) -> str:
    """Write the address of a page of the console."""
    path = "/" + "/".join(quote(part, safe="") for part in way)
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def _header(viewer: Viewer, here: str) -> Html:
    if not viewer.name:
        return Html("")
    ways = (
        tag(
            "li",
            tag("a", label, href=to, aria_current="page" if to == here else None),
        )
        for to, label in NAVIGATION
        if viewer.audits or to != _AUDIT
    )
    return tag(
        "header",
        tag("nav", tag("ul", ways), aria_label="Console"),
        tag(
            "div",
            tag("p", "Logged in as ", outside(viewer.name)),
            button("Log out", "/logout", viewer, kind="quiet"),
            class_="who",
        ),
    )


def _refreshed(seconds: int | None) -> Node:
    if seconds is None:
        return None
    return tag("noscript", tag("meta", http_equiv="refresh", content=str(seconds)))


def nothing(said: str) -> Html:
    """Say that there is nothing to list."""
    return joined([tag("p", said, class_="soft")])
