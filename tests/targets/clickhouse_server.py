"""A stand-in for a ClickHouse server: its HTTP interface as far as clickhouse-connect needs it, before chdb's engine.

No ClickHouse server can be installed for tests, so this is the real driver, and the real engine, with a wire between
them that is made here: `python -m tests.targets.clickhouse_server FOLDER` prints the port.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qs, urlsplit

PASSWORD = "s3cr3t"
_INSERT = re.compile(r"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)\s*\Z", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\sFORMAT\s+(\w+)\s*;?\s*\Z", re.IGNORECASE)
_ALLOWED = "Basic " + base64.b64encode(f"default:{PASSWORD}".encode()).decode()
_LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Each POST is a statement, in the body or, before data, in the parameter `query`."""

    protocol_version = "HTTP/1.1"
    connection_to: Any = None

    def do_GET(self) -> None:
        self._answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        params = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        body = b"".join(self._body())
        if self.headers.get("Authorization") != _ALLOWED:
            return self._answer(401, b"Code: 516. DB::Exception: default: Authentication failed", _failed(516))
        try:
            with _LOCK:
                data, written = self._run(params, body)
        except Exception as error:
            text = f"{error}".encode()
            return self._answer(500, text, _failed(1))
        return self._answer(200, data, {"X-ClickHouse-Summary": json.dumps({"written_rows": str(written)})})

    def _run(self, params: dict[str, str], body: bytes) -> tuple[bytes, int]:
        if params.get("database"):
            self.connection_to.query(f"USE `{params['database']}`", "Null")
        insert = _INSERT.match(params.get("query", ""))
        if insert:
            return b"", self._insert(insert[1], insert[2], params, body)
        sql = params.get("query") or body.decode()
        found = _FORMAT.search(sql)
        plain = sql[: found.start()] if found else sql
        return bytes(self.connection_to.query(plain, found[1] if found else "TabSeparated").bytes() or b""), 0

    def _insert(self, into: str, format: str, params: dict[str, str], body: bytes) -> int:
        settings = ", ".join(f"{name} = {value}" for name, value in params.items() if value.isdigit())
        with NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            sql = f"{into} FROM INFILE '{file.name}' SETTINGS {settings} FORMAT {format}"
            return int(self.connection_to.query(sql, "Null").rows_written())

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().strip() or b"0", 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _answer(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(data)),
            "X-ClickHouse-Timezone": "UTC",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def _failed(code: int) -> dict[str, str]:
    return {"X-ClickHouse-Exception-Code": str(code)}


def main(folder: str) -> None:
    from chdb.state.sqlitelike import Connection

    Handler.connection_to = Connection(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
