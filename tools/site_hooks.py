"""What mkdocs has to know: the README is the first page, and links leave docs/."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "LICENSE": "license.txt"}
_LINK = re.compile(r"(\]\(|src=\"|srcset=\")([^)\s#\"]+)")


def on_config(config: Any) -> Any:
    """List each decision in the menu."""
    notes = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("0*.md"))
    (decisions,) = (entry for entry in config["nav"] if "Decisions" in entry)
    decisions["Decisions"] = ["decisions/README.md", *(f"decisions/{name}" for name in notes)]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not in docs/."""
    for name, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    """Let the links of a page lead to pages of the site."""
    names = {page: name for name, page in PAGES.items()}
    source = names.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def moved(match: re.Match[str]) -> str:
        return match[1] + _on_the_site(match[2], source, page.file.src_uri)

    return _LINK.sub(moved, markdown)


def _on_the_site(link: str, source: str, page: str) -> str:
    """Return where a link from the file `source` leads, as seen from the page `page`."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if ":" in link or not (ROOT / target).exists():
        return link
    on_site = PAGES.get(target, target.removeprefix("docs/"))
    return posixpath.relpath(on_site, posixpath.dirname(page) or ".")
