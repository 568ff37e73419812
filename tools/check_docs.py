"""Checks that the documents' links lead somewhere and that docs/generators.md says what the registry holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def broken_links() -> list[str]:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        f"{document.relative_to(ROOT)}: {link} leads nowhere"
        for document in documents
        for link in _LINK.findall(_CODE.sub("", document.read_text("utf-8")))
        if not (document.parent / link).exists()
    ]


def stale_catalogue() -> list[str]:
    made = subprocess.run([sys.executable, "-m", "sdgen.cli.catalogue"], capture_output=True, text=True, check=True)
    kept = (ROOT / "docs" / "generators.md").read_text("utf-8")
    return [] if made.stdout == kept else ["docs/generators.md is stale: make it anew with `make docs`"]


if __name__ == "__main__":
    problems = [*broken_links(), *stale_catalogue()]
    print("\n".join(problems) or "documents: all links lead somewhere, the catalogue is up to date")
    sys.exit(bool(problems))
