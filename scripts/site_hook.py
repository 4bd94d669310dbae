"""MkDocs calls these functions when it builds the site.

The pages of docs/ are written for GitHub. Here they become pages of the site: pages from outside docs/ are added, links
between them are rewritten, and lists may follow a paragraph without an empty line, as on GitHub. Mermaid comes from an
installed package, so that no page needs another server.
"""

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from site_reference import PAGES, SCHEMAS  # noqa: E402  # MkDocs runs this file without its folder on the path

FROM_ROOT = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
    "GOVERNANCE.md": "governance.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "LICENSE": "license.md",
}
"""Pages outside docs/, by their paths in the site."""
_SOURCES = {path.relative_to(ROOT).as_posix(): f"schemas/{name}" for name, path in SCHEMAS.items()}
_MERMAID = "javascripts/mermaid.js"

_LINK = re.compile(r"(\]\(|^\[[^\]]+\]: )([^)\s#]+)", re.MULTILINE)
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LIST_AFTER_TEXT = re.compile(r"^(?!\s*(?:[-*] |\d+\. |\||$))(.+)\n(?=(?:- |1\. ))", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside docs/, the reference, the schemas and Mermaid."""
    for source, target in FROM_ROOT.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        if source == "LICENSE":
            text = f"# License\n\n```text\n{text}\n```\n"
        files.append(File.generated(config, target, content=text))
    for target, page in PAGES.items():
        files.append(File.generated(config, target, content=page()))
    for name, path in SCHEMAS.items():
        files.append(File.generated(config, f"schemas/{name}", content=path.read_text(encoding="utf-8")))
    files.append(File.generated(config, _MERMAID, content=_mermaid()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Rewrite what GitHub and MkDocs read differently."""
    path = page.file.src_uri
    source = next((name for name, target in FROM_ROOT.items() if target == path), f"docs/{path}")
    parts = _FENCE.split(markdown)
    for number in range(0, len(parts), 2):
        text = _LIST_AFTER_TEXT.sub(r"\1\n\n", parts[number])
        if path not in PAGES:
            text = _LINK.sub(lambda found: f"{found[1]}{site_link(found[2], source, path)}", text)
        parts[number] = text
    return "".join(parts)


def site_link(link: str, source: str, path: str) -> str:
    """A link of a file of the repository, as one of the page that it becomes.

    Args:
        link: without its anchor.
        source: the file, relative to the repository.
        path: the page, relative to the site.
    """
    if ":" in link:
        return link
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if target in FROM_ROOT:
        in_site = FROM_ROOT[target]
    elif target in _SOURCES:
        in_site = _SOURCES[target]
    elif target.startswith("docs/"):
        in_site = target.removeprefix("docs/")
    else:
        return f"{_repository()}/blob/main/{target}"
    return posixpath.relpath(in_site, posixpath.dirname(path) or ".")


def on_page_content(html: str, **_: Any) -> str:
    """Put each diagram into a box that scrolls: shrunk to the width of a phone, its text could not be read."""
    return re.sub(r'(<pre class="mermaid">.*?</pre>)', r'<div class="diagram">\1</div>', html, flags=re.DOTALL)


def on_post_page(output: str, **_: Any) -> str:
    """Load Mermaid on the pages with a diagram only, before the theme looks for it on another server."""
    if 'class="mermaid"' not in output:
        return output
    relative = re.search(r'src="((?:\.\./)*)assets/javascripts/bundle', output)
    if relative is None:
        raise PluginError("the theme loads its scripts in another way: Mermaid would come from another server")
    return output.replace(relative[0], f'src="{relative[1]}{_MERMAID}"></script><script {relative[0]}', 1)


def _mermaid() -> str:
    import mermaidx

    return (Path(mermaidx.__file__).parent / "assets" / "mermaid.js").read_text(encoding="utf-8")


def _repository() -> str:
    from kubectl_cbt.project import HOMEPAGE

    return HOMEPAGE
