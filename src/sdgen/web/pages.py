"""The pages for a browser: one router of them all.

The application holds the Service as `app.state.service`. Scripts and styles are files of their own, so that the
content security policy need not allow any within a page.
"""

from __future__ import annotations

from fastapi import APIRouter

from sdgen.web import compare_pages, generator_pages, row_pages, run_pages, scenario_pages, start_page, target_pages
from sdgen.web.rendering import PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)
for part in (start_page, compare_pages, row_pages, run_pages, scenario_pages, generator_pages, target_pages):
    router.include_router(part.router)
