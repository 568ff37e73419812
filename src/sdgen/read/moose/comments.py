"""Comments of source text → what they say, without the marks and tags around it."""

from __future__ import annotations

import re

_STARS = re.compile(r"^\s*\*+ ?", re.MULTILINE)
_TAG = re.compile(r"(?:^|(?<=[.)\]\s]))\s*@(?!link)\w+.*", re.DOTALL)
_LINK = re.compile(r"\{@link\s+([^}|]*)[^}]*\}")


def comment_text(comment: str) -> str:
    """What a `//`, `/* */` or `/** */` comment says, up to TSDoc's first block tag (`@source`, `@see`)."""
    text = comment.strip()
    if text.startswith("//"):
        return text.lstrip("/").strip()
    if not text.startswith("/*"):
        return text
    text = _STARS.sub("", text.removeprefix("/**").removeprefix("/*").removesuffix("*/"))
    text = _TAG.sub("", _LINK.sub(r"\1", text))
    lines = "\n".join(line.strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()
