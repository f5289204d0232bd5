"""What Slack documents about blocks, as checks: types, required fields, lengths, unique ids.

Called by the server for everything that is posted, and by tests of views. It knows the blocks that
this product uses; any other is refused, so that a new one is not used unchecked.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Obj = Mapping[str, Any]

_MESSAGE_BLOCKS, _VIEW_BLOCKS = 50, 100
_WHOLE = 13_000
_ID = 255


def message_faults(blocks: object) -> list[str]:
    """Say what is wrong with the blocks of a message; nothing where Slack would take them."""
    faults = _faults(blocks, most=_MESSAGE_BLOCKS)
    if not faults and len(json.dumps(blocks, ensure_ascii=False).encode()) > _WHOLE:
        faults.append(f"msg_blocks_too_long: more than {_WHOLE} characters in all")
    return faults


def view_faults(view: object) -> list[str]:
    """Say what is wrong with a modal."""
    if not isinstance(view, Mapping):
        return ["a view is an object"]
    faults = [] if view.get("type") == "modal" else ["type: only modals are known here"]
    for field, limit, required in (
        ("title", 24, True),
        ("submit", 24, False),
        ("close", 24, False),
    ):
        if required or field in view:
            faults += _text(view.get(field), field, limit, plain=True)
    for field, limit in (("private_metadata", 3000), ("callback_id", _ID), ("external_id", _ID)):
        if field in view:
            faults += _string(view[field], field, limit)
    blocks = view.get("blocks")
    has_input = isinstance(blocks, list) and any(
        isinstance(b, Mapping) and b.get("type") == "input" for b in blocks
    )
    if has_input and "submit" not in view:
        faults.append("submit: required where there are inputs")
    return faults + _faults(blocks, most=_VIEW_BLOCKS)


def _faults(blocks: object, *, most: int) -> list[str]:
    if not isinstance(blocks, list):
        return ["blocks: must be a list"]
    faults = [f"blocks: more than {most}"] if len(blocks) > most else []
    ids: list[str] = []
    for place, block in enumerate(blocks):
        name = f"blocks[{place}]"
        if not isinstance(block, Mapping) or block.get("type") not in _BLOCKS:
            faults.append(f"{name}: no block that is known here")
            continue
        faults += _BLOCKS[block["type"]](block, name)
        if "block_id" in block:
            faults += _string(block["block_id"], f"{name}.block_id", _ID)
            ids.append(str(block["block_id"]))
    return faults + (["block_id: not unique"] if len(ids) != len(set(ids)) else [])


def _header(block: Obj, name: str) -> list[str]:
    return _only(block, name, "text") + _text(block.get("text"), f"{name}.text", 150, plain=True)


def _section(block: Obj, name: str) -> list[str]:
    faults = _only(block, name, "text", "fields", "accessory", "expand")
    if "text" not in block and "fields" not in block:
        faults.append(f"{name}: text or fields required")
    if "text" in block:
        faults += _text(block["text"], f"{name}.text", 3000)
    fields = block.get("fields", ())
    if len(fields) > 10:
        faults.append(f"{name}.fields: more than 10")
    for place, field in enumerate(fields):
        faults += _text(field, f"{name}.fields[{place}]", 2000)
    if "accessory" in block:
        faults += _element(block["accessory"], f"{name}.accessory")
    return faults


def _context(block: Obj, name: str) -> list[str]:
    faults = _only(block, name, "elements")
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        return [*faults, f"{name}.elements: 1 to 10"]
    for place, element in enumerate(elements):
        faults += _text(element, f"{name}.elements[{place}]", 3000)
    return faults


def _actions(block: Obj, name: str) -> list[str]:
    faults = _only(block, name, "elements")
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        return [*faults, f"{name}.elements: 1 to 25"]
    for place, element in enumerate(elements):
        faults += _element(element, f"{name}.elements[{place}]")
    ids = [e.get("action_id") for e in elements if isinstance(e, Mapping)]
    if len(ids) != len(set(ids)):
        faults.append(f"{name}: action_id not unique")
    return faults


def _input(block: Obj, name: str) -> list[str]:
    faults = _only(block, name, "label", "element", "hint", "optional", "dispatch_action")
    faults += _text(block.get("label"), f"{name}.label", 2000, plain=True)
    if "hint" in block:
        faults += _text(block["hint"], f"{name}.hint", 2000, plain=True)
    return faults + _element(block.get("element"), f"{name}.element")


def _divider(block: Obj, name: str) -> list[str]:
    return _only(block, name)


_BLOCKS: Mapping[str, Callable[[Obj, str], list[str]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "divider": _divider,
}


def _element(element: object, name: str) -> list[str]:
    if not isinstance(element, Mapping):
        return [f"{name}: required"]
    faults = _string(element.get("action_id"), f"{name}.action_id", _ID)
    match element.get("type"):
        case "button":
            faults += _text(element.get("text"), f"{name}.text", 75, plain=True)
            faults += _string(element.get("value", ""), f"{name}.value", 2000, empty=True)
            faults += _string(element.get("url", ""), f"{name}.url", 3000, empty=True)
            label = element.get("accessibility_label", "")
            faults += _string(label, f"{name}.accessibility_label", 75, empty=True)
            if element.get("style", "primary") not in {"primary", "danger"}:
                faults.append(f"{name}.style: primary or danger")
        case "plain_text_input":
            if not 0 <= element.get("min_length", 0) <= 3000:
                faults.append(f"{name}.min_length: 0 to 3000")
            if not 1 <= element.get("max_length", 1) <= 3000:
                faults.append(f"{name}.max_length: 1 to 3000")
            if "placeholder" in element:
                held = element["placeholder"]
                faults += _text(held, f"{name}.placeholder", 150, plain=True)
        case _:
            faults.append(f"{name}: no element that is known here")
    return faults


def _text(held: object, name: str, limit: int, *, plain: bool = False) -> list[str]:
    if not isinstance(held, Mapping):
        return [f"{name}: a text object is required"]
    kind = held.get("type")
    allowed = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    faults = [] if kind in allowed else [f"{name}.type: {' or '.join(sorted(allowed))}"]
    extra = {"plain_text": {"emoji"}, "mrkdwn": {"verbatim"}}.get(str(kind), set())
    faults += [f"{name}.{key}: unknown" for key in held.keys() - {"type", "text"} - extra]
    return faults + _string(held.get("text"), f"{name}.text", limit)


def _string(held: object, name: str, limit: int, *, empty: bool = False) -> list[str]:
    if not isinstance(held, str):
        return [f"{name}: a string is required"]
    if not held and not empty:
        return [f"{name}: is empty"]
    length = len(held.encode("utf-16-le", "surrogatepass")) // 2
    return [f"{name}: more than {limit} characters"] if length > limit else []


def _only(block: Obj, name: str, *fields: str) -> list[str]:
    unknown = sorted(block.keys() - {"type", "block_id", *fields})
    return [f"{name}.{field}: unknown" for field in unknown]
