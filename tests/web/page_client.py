"""What tests of pages share: a service in a folder of its own, a client of its pages alone, and a small scenario."""

from __future__ import annotations

import re
from html import unescape

SMALL = """name: small <b>
entities:
  people:
    rows: 30
    columns:
      id: {type: int, primary_key: true}
      note: {type: string(9), generator: choice, params: {values: ["<i>&", "x"]}, null_rate: 0.5}
  pets:
    rows: 60
    columns:
      id: {type: int, primary_key: true}
      person_id: {generator: fk, params: {entity: people, column: id}}
"""


def fields(page: str) -> dict[str, str]:
    """The values of a page's first posted form, as a browser would send them."""
    form = page.partition('method="post"')[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found[unescape(name[1])] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        chosen = [value for value, selected in values if selected] or [values[0][0]]
        found[name] = unescape(chosen[0])
    return found
