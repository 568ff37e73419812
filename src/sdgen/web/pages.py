"""The pages for a browser: one router of them all, and the page of targets.

The application holds the Service as `app.state.service`. Scripts and styles are files of their own, so that the
content security policy need not allow any within a page.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from sdgen.errors import NotFound, SdgenError
from sdgen.web import row_pages, run_pages, scenario_pages, start_page
from sdgen.web.rendering import PageRoute, fragment, page, records
from sdgen.web.state import service_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
for part in (start_page, row_pages, run_pages, scenario_pages):
    router.include_router(part.router)


@router.get("/targets")
def targets(request: Request) -> Response:
    """All targets; their passwords are not shown."""
    return page(request, "targets.html", targets=service_of(request).targets())


@router.post("/targets/{target_id}/test")
def test_target(request: Request, target_id: str) -> Response:
    """A fragment or page: whether a target answers, and what may be done there."""
    try:
        return fragment(
            request, "probe.html", target_id, "/targets", probe=service_of(request).test_target(target_id), problems=[]
        )
    except NotFound:
        raise
    except SdgenError as error:
        return fragment(request, "probe.html", target_id, "/targets", probe=None, problems=records(error))
