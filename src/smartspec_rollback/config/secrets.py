"""References to secrets in environment variables and files, and their reading.

The decoder makes them where a provider's settings say ``SecretReference``; the provider resolves
them when it needs them, so that commands which need no secret work without it. The secret's text
never appears in an error.
"""

import os
from pathlib import Path

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import ConfigurationError, Problem

_MAX_BYTES = 64 * 1024


class Declaration(Value):
    """Where in which file a reference is written, so that errors can say so."""

    file: str
    line: int
    key: str

    def error(self, what: str, remedy: str) -> ConfigurationError:
        """Make the error that points here."""
        return ConfigurationError(self.file, [Problem(self.line, self.key, what, remedy)])


class EnvironmentSecret(Value):
    """``{env: NAME}``: a secret in an environment variable."""

    name: str
    declared: Declaration

    @property
    def place(self) -> str:
        """Name where it is kept."""
        return f"environment variable {self.name}"

    def resolve(self) -> Sensitive:
        """Read the variable; ConfigurationError if it is not set or empty."""
        text = os.environ.get(self.name, "")
        if not text:
            raise self.declared.error(
                f"the {self.place} is not set", f"set {self.name} before running this command"
            )
        return Sensitive(text)


class FileSecret(Value):
    """``{file: path}``: a secret in a file, without the line break at its end."""

    path: Path
    declared: Declaration

    @property
    def place(self) -> str:
        """Name where it is kept."""
        return f"file {self.path}"

    def resolve(self) -> Sensitive:
        """Read the file; ConfigurationError if it is missing, empty, too large or not text."""
        remedy = f"put the secret, and nothing else, into {self.path}"
        try:
            with self.path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
            text = content.decode().rstrip("\r\n")
        except OSError as error:
            raise self.declared.error(
                f"the {self.place} cannot be read: {error.strerror}", remedy
            ) from None
        except UnicodeDecodeError:
            # `from None`: the error's own text would show bytes of the secret.
            raise self.declared.error(f"the {self.place} is not UTF-8 text", remedy) from None
        if not text or len(content) > _MAX_BYTES:
            what = "is too large" if text else "is empty"
            raise self.declared.error(f"the {self.place} {what}", remedy)
        return Sensitive(text)
