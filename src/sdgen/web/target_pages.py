"""The pages of targets: the list with the last test of each, and a form to add or edit one that the store keeps."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from sdgen.errors import NotFound, Problem, SdgenError, StoreError, TargetError
from sdgen.execution import target_kinds
from sdgen.execution.catalog import STORE
from sdgen.execution.secrets import has_literal_password
from sdgen.execution.target_spec import TargetSpec
from sdgen.execution.targets import read_target
from sdgen.readers.yaml_text import Document
from sdgen.service.service import Service
from sdgen.web.api_targets import refuse_folder_id
from sdgen.web.rendering import PageRoute, form_of, fragment, listed, page, records, wants_fragment
from sdgen.web.state import service_of
from sdgen.web.wording import MODE_CHOICES, by_field

TEXTS = ("id", "name", "kind", "dsn", "database", "schema", "mode")
NUMBERS = ("workers", "batch_size")  # options that are whole numbers

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Form = Annotated[dict[str, str], Depends(form_of)]


@router.get("/targets")
def targets(request: Request) -> Response:
    """All targets with their last tests; their passwords are not shown."""
    return page(request, "targets.html", targets=service_of(request).targets())


@router.get("/targets/new")
def new(request: Request) -> Response:
    """An empty form."""
    return _form_page(request, {}, "")


@router.get("/targets/{target_id}/edit")
def edit(request: Request, target_id: str) -> Response:
    """The form of a stored target."""
    return _form_page(request, _form_of(_stored(service_of(request), target_id)), target_id)


@router.post("/targets")
def save(request: Request, form: Form) -> Response:
    """Keep a new target, or the one that was edited, and show all."""
    service, edited = service_of(request), form.get("edited", "")
    try:
        spec = _spec(form, _stored(service, edited) if edited else None)
        refuse_folder_id(service, spec.id)
        service.add_target(spec, replace=bool(edited))
    except NotFound:
        raise
    except SdgenError as error:
        return _form_page(request, form, edited, code=422, problems=records(error))
    return RedirectResponse("/targets", 303)


@router.post("/targets/try")
def try_out(request: Request, form: Form) -> Response:
    """A fragment or page: whether the target of the form answers; it is not kept."""
    service, edited = service_of(request), form.get("edited", "")
    try:
        spec = _spec(form, _stored(service, edited) if edited else None)
        found = service.test_target(spec=spec)
    except NotFound:
        raise
    except SdgenError as error:
        if not wants_fragment(request):
            return _form_page(request, form, edited, code=422, problems=records(error))
        return page(request, "problems.html", 422, problems=records(error), form_name="target")
    if not wants_fragment(request):
        return _form_page(request, form, edited, probe=found)
    return page(request, "probe.html", probe=found, problems=[])


@router.post("/targets/{target_id}/delete")
def delete(request: Request, target_id: str) -> Response:
    """Forget a stored target, and show the others."""
    service_of(request).catalog.remove_target(target_id)
    return RedirectResponse("/targets", 303)


@router.post("/targets/{target_id}/test")
def test_target(request: Request, target_id: str) -> Response:
    """A fragment or page: whether a target answers, and what may be done there."""
    service = service_of(request)
    try:
        found = service.test_target(target_id)
        return fragment(request, "probe.html", target_id, "/targets", probe=found, problems=[])
    except NotFound:
        raise
    except SdgenError as error:
        return fragment(request, "probe.html", target_id, "/targets", probe=None, problems=records(error))


def _stored(service: Service, target_id: str) -> TargetSpec:
    """The target as the store keeps it; StoreError where it is a file's."""
    found = service.catalog.target(target_id)
    if found.source != STORE:
        raise StoreError(Problem(("target",), f"the target {target_id} is the file {found.file}", "edit the file"))
    return found.value


def _form_of(spec: TargetSpec) -> dict[str, str]:
    data = spec.dumped()
    form = {name: str(data.get(name, "")) for name in TEXTS}
    formats = spec.options.get("formats", ())
    form["formats"] = formats if isinstance(formats, str) else ", ".join(map(str, formats))
    form |= {name: str(spec.options.get(name, "")) for name in NUMBERS}
    return form | {"allow_databases": ", ".join(spec.allow_databases)}


def _spec(form: dict[str, str], before: TargetSpec | None) -> TargetSpec:
    """The target that a form describes, with those options of the one before that the form has no fields for."""
    data: dict[str, Any] = {name: form[name].strip() for name in TEXTS if form.get(name, "").strip()}
    if before is not None:
        data["id"] = before.id
    if not data.get("id"):
        raise TargetError(Problem(("target", "id"), "a target needs an id", "letters, digits, . - _"))
    data["allow_databases"] = listed(form.get("allow_databases", ""))
    # Options that the form doesn't show must not be lost when somebody saves it.
    options = dict(before.options) if before is not None else {}
    for name in (*NUMBERS, "formats"):
        options.pop(name, None)
        text = form.get(name, "").strip()
        if text:
            options[name] = listed(text) if name == "formats" else int(text) if text.isdecimal() else text
    return read_target(Document("", {**data, "options": options}, {}))


def _form_page(request: Request, form: dict[str, str], edited: str, *, code: int = 200, **more: Any) -> Response:
    hidden = "" if has_literal_password(form.get("dsn", "")) else form.get("dsn", "")  # it is not sent back
    values: dict[str, Any] = {"problems": [], "probe": None, **more}
    return page(
        request,
        "target_form.html",
        code,
        form={**form, "dsn": hidden},
        edited=edited,
        wrong=by_field(values["problems"], "target"),
        kinds=[(kind, kind) for kind in target_kinds.kinds()],
        modes=MODE_CHOICES,
        form_name="target",
        **values,
    )
