"""The package deltalake, as writers and readers of Delta Lake tables open it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from sdgen.errors import Problem, TargetError
from sdgen.files.remote import Store

_S3_OPTIONS: Mapping[str, str] = {  # fsspec's words, and those of the library under deltalake
    "key": "aws_access_key_id",
    "secret": "aws_secret_access_key",
    "token": "aws_session_token",
    "endpoint_url": "aws_endpoint_url",
    "region_name": "aws_region",
    "anon": "aws_skip_signature",
}


def delta_lake() -> Any:
    """The package; TargetError where it is missing."""
    try:
        import deltalake
    except ImportError:
        what = "Delta Lake tables need the package deltalake"
        raise TargetError(Problem(("target",), what, 'pip install "sdgen[delta]"')) from None
    return deltalake


def storage_options(store: Store) -> dict[str, str]:
    """A store's options in the words of deltalake."""
    from fsspec.config import conf

    options = {**conf.get(store.scheme, {}), **store.options}
    # What fsspec's S3 hands to its client stands one level deeper, and deltalake knows one level alone.
    options |= options.pop("client_kwargs", {})
    words = _S3_OPTIONS if store.scheme in ("s3", "s3a") else {}
    found = {words.get(name, name): _option(value) for name, value in options.items()}
    if words and found.get("aws_endpoint_url", os.environ.get("AWS_ENDPOINT_URL", "")).startswith("http://"):
        # The library refuses addresses without TLS unless it is told.
        found["aws_allow_http"] = "true"
    return found


def _option(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def folder_of(table: str) -> str:
    """The folder of a table's files inside the place: its name, schema and all."""
    return table.replace("/", "_").replace("\\", "_")
