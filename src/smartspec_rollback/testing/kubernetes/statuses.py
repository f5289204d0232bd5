"""The errors an API server answers, as exceptions that carry the Status object.

Raised everywhere in the emulator; ``http`` turns them into answers. The wording is that of
k8s.io/apimachinery/pkg/api/errors.
"""

from collections.abc import Sequence

from smartspec_rollback.testing.kubernetes.objects import Obj
from smartspec_rollback.testing.kubernetes.resources import Resource


class ApiError(Exception):
    """A failed request: HTTP code, reason, message, details."""

    def __init__(
        self, code: int, reason: str, message: str, *, details: Obj | None = None, retry: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry = retry

    def status(self) -> Obj:
        """Spell it as the API does."""
        details = dict(self.details or {})
        if self.retry:
            details["retryAfterSeconds"] = self.retry
        said: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            said["reason"] = self.reason
        if details or self.details is not None:
            said["details"] = details
        return {**said, "code": self.code}


def _about(resource: Resource, name: str, *, kind: str = "") -> Obj:
    details: Obj = {"kind": kind or resource.plural}
    if name:
        details["name"] = name
    if resource.group:
        details["group"] = resource.group
    return details


def not_found(resource: Resource, name: str) -> ApiError:
    """Say that there is no such object."""
    message = f'{resource.qualified} "{name}" not found'
    return ApiError(404, "NotFound", message, details=_about(resource, name))


def no_such_path() -> ApiError:
    """Say that there is no such kind or path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(resource: Resource, name: str) -> ApiError:
    """Say that the name is taken."""
    message = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_about(resource, name))


_MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def conflict(resource: Resource, name: str, why: str = _MODIFIED) -> ApiError:
    """Say that the object is not what the request said it was."""
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_about(resource, name))


def apply_conflict(causes: Sequence[tuple[str, str]]) -> ApiError:
    """Say who else owns the fields; ``causes`` are pairs of owner and field."""
    owners: dict[str, list[str]] = {}
    for owner, field in causes:
        owners.setdefault(owner, []).append(field)
    parts = []
    for owner, fields in owners.items():
        if len(fields) == 1:
            parts.append(f"conflict with {owner}: {fields[0]}")
        else:
            parts.append("\n- ".join([f"conflicts with {owner}:", *fields]))
    plural = "" if len(causes) == 1 else "s"
    return ApiError(
        409,
        "Conflict",
        f"Apply failed with {len(causes)} conflict{plural}: " + "\n".join(parts),
        details={
            "causes": [
                {"reason": "FieldManagerConflict", "message": f"conflict with {o}", "field": f}
                for o, f in causes
            ]
        },
    )


def invalid(resource: Resource, name: str, causes: Sequence[tuple[str, str, str]]) -> ApiError:
    """Say what is invalid; ``causes`` are triples of field, reason and message."""
    lines = [f"{field}: {message}" for field, _, message in causes]
    text = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details = _about(resource, name, kind=resource.kind)
    details["causes"] = [
        {"reason": reason, "message": message, "field": field} for field, reason, message in causes
    ]
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {text}', details=details)


def unprocessable() -> ApiError:
    """Say that a JSON Patch did not apply, be it a failed ``test``; the server tells no more."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, details={})


def bad_request(message: str) -> ApiError:
    """Say that the request makes no sense."""
    return ApiError(400, "BadRequest", message)


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    """Say that access rules or admission refuse."""
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    message = f"{subject} is forbidden: {why}"
    return ApiError(403, "Forbidden", message, details=_about(resource, name))


def denied(webhook: str, why: str) -> ApiError:
    """Say that a webhook refuses."""
    message = f'admission webhook "{webhook}" denied the request: {why}'
    return ApiError(403, "Forbidden", message)


def denied_by_policy(resource: Resource, name: str, policy: str, why: str) -> ApiError:
    """Say that a ValidatingAdmissionPolicy refuses; its reason is Invalid unless it names one."""
    said = f"ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: {why}"
    message = f'{resource.qualified} "{name}" is forbidden: {said}'
    details = {**_about(resource, name), "causes": [{"message": said}]}
    return ApiError(422, "Invalid", message, details=details)


def webhook_unreachable(webhook: str, why: str) -> ApiError:
    """Say that a webhook, without which nothing may be written, does not answer."""
    said = f'failed calling webhook "{webhook}": failed to call webhook: {why}'
    details = {"causes": [{"message": said}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {said}", details=details)


def unauthorized() -> ApiError:
    """Say that there are no valid credentials."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def expired(message: str) -> ApiError:
    """Say that what was asked for is no longer in the history."""
    return ApiError(410, "Expired", message)


def method_not_allowed() -> ApiError:
    """Say that the kind does not do that."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, details={})


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """Say that the kind does not take this type of patch."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted)
    )
    return ApiError(415, "UnsupportedMediaType", message)


def too_many_requests(why: str, retry: int = 1) -> ApiError:
    """Tell to come back later."""
    return ApiError(429, "TooManyRequests", why, details={}, retry=retry)


def failed(code: int) -> ApiError:
    """Answer what a failing server or a proxy before it answers."""
    said = {
        429: ("TooManyRequests", "Too many requests, please try again later."),
        500: ("InternalError", "Internal error occurred: etcdserver: request timed out"),
        503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504: ("Timeout", "Timeout: request did not complete within requested timeout"),
    }.get(code, ("", f"an error of the server ({code})"))
    return ApiError(code, *said, details={})
