"""Files beyond the local disk: a folder at a URL that fsspec knows, such as s3://bucket/path/.

What is uploaded stays out of sight until it is committed: an object store completes a multipart upload at once, and
where a file system has nothing of the kind, files are uploaded under a hidden name and renamed. Credentials come from
fsspec's own places (environment, configuration files, roles), or from a URL's query and a target's options.
"""

from __future__ import annotations

import json
import posixpath
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl

from sdgen.databases.driver_errors import next_step
from sdgen.databases.urls import HIDDEN, SECRET_WORDS, SHORTEST, without_password
from sdgen.errors import Problem, SdgenError, TargetError

EXTRAS: Mapping[str, str] = {  # by scheme, what `pip install "sdgen[…]"` brings its file system
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gcs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "azure"),
}
_NO_PLACES = frozenset({"file", "local", "http", "https", "data", "reference", "git", "github", "zip", "tar"})
_COMMITTING = frozenset({"s3", "s3a", "gs", "gcs"})  # whose uploads are seen at their commit, and not before
_HIDDEN_NAME = ".sdgen-upload-"
_AT_ONCE = 16  # requests
_BLOCK = 16 << 20  # bytes of one file that are held in memory; S3 takes 10,000 such blocks for a file
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SECRET = re.compile(SECRET_WORDS, re.IGNORECASE)


def is_remote(scheme: str) -> bool:
    """Whether URLs of a scheme, in lower case, lead to files beyond the local disk."""
    if scheme in EXTRAS:
        return True
    try:
        from fsspec.registry import known_implementations, registry
    except ImportError:
        # Without fsspec its usual schemes are known all the same, so that the message says what is to be installed.
        return scheme in ("memory", "hdfs", "webhdfs", "sftp", "ssh")
    return scheme not in _NO_PLACES and (scheme in known_implementations or scheme in registry)


class Store:
    """The files below one URL. options: storage options of fsspec, beside those in the URL's query.

    All methods raise TargetError where the place refuses.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        place, _, query = url.partition("?")
        self.scheme = place.partition("://")[0].lower()
        self.url = place.rstrip("/")
        self.shown = without_password(self.url) + "/"
        self.options = {**_query_options(query), **(options or {})}
        self._listed: list[str] | None = None

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        with self.translated("reached"):
            try:
                from fsspec.core import url_to_fs

                filesystem, root = url_to_fs(self.url, **self.options)
            except ImportError as error:
                extra = EXTRAS.get(self.scheme, "remote")
                hint = f'pip install "sdgen[{extra}]"'
                what = f"{self.scheme}:// needs a package that is missing: {error.name or error}"
                raise TargetError(Problem(("target",), what, hint)) from None
        return filesystem, root.rstrip("/")

    @property
    def filesystem(self) -> Any:
        return self._opened[0]

    @property
    def root(self) -> str:
        """The path of the folder as the file system writes it."""
        return self._opened[1]

    def address(self, name: str) -> str:
        """The URL of a file."""
        return f"{self.url}/{name}"

    def shown_name(self, name: str) -> str:
        """A file as messages name it."""
        return f"{self.shown}{name}"

    def names(self, again: bool = False) -> list[str]:
        """The paths of all files below the URL, as the place was when it was first looked at, or as it is now."""
        if self._listed is None or again:
            with self.translated("read"):
                # fsspec keeps what it has listed, and would not see what others have written since.
                self.filesystem.invalidate_cache()
                try:
                    found = self.filesystem.find(self.root)
                except FileNotFoundError:
                    found = []
            start = len(self.root) + 1
            self._listed = sorted(each[start:] for each in found if each.startswith(f"{self.root}/"))
        return self._listed

    def fault(self) -> Problem | None:
        """Why nothing can be written here, as far as a look tells."""
        bucket = self.root.lstrip("/").partition("/")[0]
        if self.scheme in EXTRAS:
            with self.translated("reached"):
                there = bool(bucket) and self.filesystem.exists(bucket)
            if not there:
                return Problem(("target",), f"there is no bucket {bucket!r}", "make it, or name another one")
        return None

    def read(self, name: str, most: int = 0) -> bytes:
        """A file's bytes, the first so many and one more where `most` is not 0; FileNotFoundError where it is none."""
        with self.translated("read", FileNotFoundError):
            end = {"start": 0, "end": most + 1} if most else {}
            found: bytes = self.filesystem.cat_file(f"{self.root}/{name}", **end)
            return found

    def create(self, name: str, block: int = _BLOCK) -> Upload:
        """A new file, which nobody sees before it is committed."""
        return Upload(self, name, block)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that are gone already don't matter."""
        with self.translated("changed"):
            for name in names:
                with suppress(FileNotFoundError):
                    self.filesystem.rm_file(f"{self.root}/{name}")

    def move(self, names: Mapping[str, str]) -> None:
        """Give files other names, several at once: an object store copies each."""

        def move_one(old: str, new: str) -> None:
            with self.translated("written"):
                if self.scheme not in _COMMITTING:
                    self.filesystem.makedirs(posixpath.dirname(f"{self.root}/{new}"), exist_ok=True)
                self.filesystem.mv(f"{self.root}/{old}", f"{self.root}/{new}")

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            moves = [pool.submit(move_one, old, new) for old, new in names.items()]
            try:
                for each in moves:
                    each.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    @contextmanager
    def translated(self, done: str, passed: type[Exception] = SdgenError) -> Iterator[None]:
        """What the place refuses, as a TargetError: each file system has exceptions of its own."""
        try:
            yield
        except (SdgenError, passed):
            raise
        except Exception as error:
            text = " ".join(_COLOUR.sub("", str(error)).split())
            said = self._without_secrets(text or type(error).__name__)
            what = f"{self.shown} can't be {done}: {said}"
            raise TargetError(Problem(("target",), what, next_step(said, _hint(error)))) from None

    def _without_secrets(self, text: str) -> str:
        for name, value in self.options.items():
            if _SECRET.fullmatch(name) and len(str(value)) >= SHORTEST:
                text = text.replace(str(value), HIDDEN)
        return text


def local_store(folder: Path) -> Store:
    """A folder of this machine, used like those beyond it."""
    store = Store(f"file://{folder.absolute()}")
    store.shown = f"{folder}/"
    return store


class Upload:
    """A file on its way. `close` sends what is left of it, `commit` shows it, `discard` gives it up."""

    def __init__(self, store: Store, name: str, block: int) -> None:
        self.store, self.name = store, name
        self._defers = store.scheme in _COMMITTING
        folder, base = posixpath.split(f"{store.root}/{name}")
        self._path = f"{folder}/{base}" if self._defers else f"{folder}/{_HIDDEN_NAME}{secrets.token_hex(8)}-{base}"
        with store.translated("written"):
            if not self._defers:
                # Object stores have no folders that would have to be made.
                store.filesystem.makedirs(folder, exist_ok=True)
            # Closing the file then leaves the upload to be completed by `commit`.
            options = {"autocommit": False} if self._defers else {}
            self.file: IO[bytes] = store.filesystem.open(self._path, "wb", block_size=block, **options)

    @property
    def closed(self) -> bool:
        return self.file.closed

    def write(self, part: Any) -> int:
        with self.store.translated("written"):
            return self.file.write(memoryview(part) if not isinstance(part, bytes) else part)

    def flush(self) -> None:
        """Nothing: blocks are sent as they fill."""

    def tell(self) -> int:
        return self.file.tell()

    def close(self) -> None:
        with self.store.translated("written"):
            self.file.close()

    def commit(self) -> None:
        with self.store.translated("written"):
            if self._defers:
                self.file.commit()  # type: ignore[attr-defined]
            else:
                place = f"{self.store.root}/{self.name}"
                with suppress(FileNotFoundError):
                    self.store.filesystem.rm_file(place)  # some file systems rename over nothing
                self.store.filesystem.mv(self._path, place)

    def discard(self) -> None:
        """Remove what was sent; whatever goes wrong with that is passed over, as another error led here."""
        with suppress(Exception):
            if self._defers:
                # An fsspec file closes itself when it is collected, and would send what it still holds.
                self.file.closed = True  # type: ignore[misc]
                self.file.discard()  # type: ignore[attr-defined]
            else:
                self.file.close()
                self.store.filesystem.rm_file(self._path)


def _query_options(query: str) -> dict[str, Any]:
    """Storage options of a URL's query: texts, true and false, and JSON objects."""
    options: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        options[name] = text
        if text in ("true", "false") or text.startswith("{"):
            with suppress(ValueError):
                options[name] = json.loads(text)
    return options


def _hint(error: Exception) -> str:
    if isinstance(error, PermissionError) or "redentials" in str(error):
        return "are the credentials right, and may they do this? fsspec takes them as the provider's own tools do"
    return ""
