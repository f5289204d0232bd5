"""A secret that was handed over, where settings expect to be told where one is kept."""

from smartspec_rollback.domain.secrets import Sensitive


class Given:
    """Satisfies ``domain.secrets.SecretReference``; made by ``at`` of the databases."""

    place = "the URL given"

    def __init__(self, secret: Sensitive) -> None:
        self._secret = secret

    def resolve(self) -> Sensitive:
        """Return it."""
        return self._secret
