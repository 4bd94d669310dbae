"""What the build backend adds to the metadata of pyproject.toml: the project's addresses, and the README's links.

All of them follow from one constant, ``HOMEPAGE`` in kubectl_cbt/project.py.
"""

import re
import runpy
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r"(?<=\]\()(?=docs/[\w-]+\.svg\))")
_PAGE = re.compile(r"(?<=\]\()(?=(?:docs/[\w-]+\.(?:md|yml)|[A-Z]+\.md|LICENSE)[#)])")


class AddressesHook(MetadataHookInterface):
    """Fills in ``urls`` and ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add both to the metadata of ``[project]``."""
        # By its path: what is built must not be what happens to be installed.
        home = runpy.run_path(str(Path(self.root) / "kubectl_cbt" / "project.py"))["HOMEPAGE"]
        metadata["urls"] = {
            "Homepage": home,
            "Source": home,
            "Documentation": f"{home}/tree/HEAD/docs",
            "Changelog": f"{home}/blob/HEAD/CHANGELOG.md",
            "Issues": f"{home}/issues",
        }
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        # A package index shows the README without the files that it links to.
        text = _PICTURE.sub(f"{home}/raw/HEAD/", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": _PAGE.sub(f"{home}/blob/HEAD/", text)}
