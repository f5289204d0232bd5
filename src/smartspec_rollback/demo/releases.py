"""Write release folders of the shop, as a build pipeline would.

Called by the demo and by tests that need real releases.
"""

import shutil
from pathlib import Path

_RELEASE = """\
# How the local platform starts {version}, and how it knows that an instance is ready.
command: ["{{python}}", shop.py]
readiness: {{path: /healthz, status: 200}}
environment:
"""


def write_release(folder: Path, version: str, **environment: str) -> Path:
    """Write ``folder/version`` with the shop and its release.yaml; return the new folder.

    ``environment`` is how this release of the shop behaves; see ``shop``.
    """
    release = folder / version
    release.mkdir(parents=True)
    shutil.copyfile(Path(__file__).with_name("shop.py"), release / "shop.py")
    settings = {"SHOP_REGION": "eu", **environment}
    lines = [f'  {name}: "{value}"\n' for name, value in settings.items()]
    (release / "release.yaml").write_text(_RELEASE.format(version=version) + "".join(lines))
    return release
