"""MkDocs hook: pages outside of docs/ join the site, and links to the repository's other files become plain text.

On GitHub a page links to any file of the repository. The site holds the pages alone, so a link to a page leads to its
place in the site, and of a link to a source file the text remains. A link to a file that does not exist is a warning,
with which ``mkdocs build --strict`` fails.
"""

import logging
import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
#: Pages outside of docs/, and what they are called in the site.
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "agent/README.md": "agent.md",
    "marketplace-local/README.md": "marketplace-local.md",
    "marketplace-local/marketplace_local/RULES.md": "marketplace-rules.md",
    **{str(page.relative_to(ROOT)): str(page.relative_to(ROOT)) for page in ROOT.glob("tests/**/README.md")},
}
#: Files that the site serves beside its pages; Mermaid comes from npm (``make cdk`` installs it).
ASSETS = {
    "mermaid.tiny.js": ROOT / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js",
    "site.css": ROOT / "docs" / "site" / "site.css",
}
_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_IMAGE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)
_TRIED = re.compile(r"^```sh tried=\S+$", re.MULTILINE)
log = logging.getLogger("mkdocs.hooks.pages")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages outside of docs/ and the assets to the site's files."""
    for path, uri in OUTSIDE.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    for uri, asset in ASSETS.items():
        if asset.exists():
            files.append(File.generated(config, uri, abs_src_path=str(asset)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page with its links led into the site; marks of blocks that tests run are taken off."""
    inside = {uri: path for path, uri in OUTSIDE.items()}
    here = ROOT / inside.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def link(found: re.Match[str]) -> str:
        return _led(found, here, page.file.src_uri)

    parts = _FENCED.split(_TRIED.sub("```sh", markdown))
    return "".join(p if p.startswith("```") else _LINK.sub(link, _IMAGE.sub(link, p)) for p in parts)


def _led(found: re.Match[str], here: Path, uri: str) -> str:
    """One link of the page at ``here``, as the site has it."""
    target, _, anchor = found["target"].partition("#")
    if not target or "://" in target or target.startswith("mailto:"):
        return found[0]
    file = Path(os.path.normpath(here.parent / target))
    if not file.exists():
        log.warning("'%s' links to '%s', which does not exist", here.relative_to(ROOT), target)
        return found[0]
    path = file.relative_to(ROOT).as_posix()
    if path == "docs/openapi.yaml" and uri != "openapi.md":
        within: str | None = "openapi.md"
    else:
        within = OUTSIDE.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
    if within is None or file.is_dir():
        return found["text"]
    led = os.path.relpath(within, Path(uri).parent)
    return found[0].replace(found["target"], f"{led}#{anchor}" if anchor else led)
