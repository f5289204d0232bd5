"""Release folders for the platform ``local``, with the shop in them: for tests and the demo."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from smartspec_rollback.demo import shop


def write_release(
    folder: Path,
    version: str,
    *,
    delay_ms: float = 0,
    delay_share: float = 0.0,
    error_share: float = 0.0,
    ready_after_ms: float = 0,
    broken: bool = False,
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, Path] | None = None,
    configuration: tuple[str, ...] = (),
    statements: Path | None = None,
) -> Path:
    """Write ``folder/version``, ready to be deployed, and return it.

    ``delay_ms`` are added to ``delay_share`` (0 to 1) of the answers; ``error_share`` of them fail.
    A ``broken`` release ends right after its start. ``secrets`` maps names to files. ``statements``
    is the folder of those it sends to the database whose URL is its secret SHOP_DATABASE_URL.
    """
    told = {
        "SHOP_DELAY_MS": f"{delay_ms:g}",
        "SHOP_DELAY_SHARE": f"{delay_share:g}",
        "SHOP_ERROR_SHARE": f"{error_share:g}",
        "SHOP_READY_AFTER_MS": f"{ready_after_ms:g}",
        "SHOP_BROKEN": "yes" if broken else "",
        "SHOP_RELEASE": version,  # no two versions have the same content
        **(environment or {}),
    }
    content = {
        "command": ["{python}", "shop.py"],
        "environment": told,
        "secrets": {name: {"file": str(path)} for name, path in (secrets or {}).items()},
        "readiness": {"path": shop.HEALTH, "status": 200},
        "configuration": list(configuration),
    }
    release = folder / version
    release.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(shop.__file__, release / "shop.py")
    if statements is not None:
        shutil.copytree(statements, release / "statements", dirs_exist_ok=True)
    (release / "release.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return release
