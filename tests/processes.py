"""Processes of this project's modules that tests start, forked off one that has imported everything.

A fork takes a tenth of the time of a new interpreter. In all else it is the process that was asked for: `python -m MODULE`
with a number, a folder, an environment, pipes and signals of its own. Any other command is started as ever.
"""

from __future__ import annotations

import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

# Modules that do something when they are imported, or that are there to be run.
_NOT_IMPORTED = ("sdgen.__main__", "sdgen.pytest_plugin", "sdgen.dask", "sdgen.ray", "sdgen.spark")
_MOST = 1 << 20  # bytes of a request: its words and its environment


class ForkServer:
    """The process that others are forked off, which ends with this one."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._socket, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
        path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
        command = [sys.executable, "-m", "tests.processes", str(theirs.fileno())]
        environment = {**os.environ, "PYTHONPATH": path}
        self._process = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()])
        theirs.close()

    def fork(self, request: dict[str, Any], streams: list[int]) -> tuple[int, int]:
        """A new process: its number, and where its exit code can be read when it has ended."""
        status, written = os.pipe()
        socket.send_fds(self._socket, [json.dumps(request).encode()], [*streams, written])
        os.close(written)
        return int(os.read(status, 20)), status

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


def forking(server: ForkServer) -> type[subprocess.Popen[Any]]:
    """What takes the place of `subprocess.Popen`."""

    class Forked(subprocess.Popen[Any]):
        _status = -1

        def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, *more: Any) -> None:
            # close_fds, pass_fds, cwd, env, startupinfo, creationflags, shell; both ends of three pipes; what is left
            own = isinstance(args, list) and args[:2] == [sys.executable, "-m"] and not preexec_fn
            if not own:
                super()._execute_child(args, executable, preexec_fn, *more)  # type: ignore[misc]
                return
            cwd, env, pipes, rest = more[2], more[3], more[7:13], more[13:]
            request = {
                "words": [os.fspath(word) for word in args[2:]],
                "folder": os.fspath(cwd or os.getcwd()),
                "environment": dict(os.environ if env is None else env),
                "session": bool(rest[5]),
            }
            theirs = [pipes[0], pipes[3], pipes[5]]
            streams = [place if fd == -1 else fd for place, fd in enumerate(theirs)]
            self.pid, self._status = server.fork(request, streams)
            self._child_created = True
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

        def _internal_poll(self, *args: Any, **more: Any) -> int | None:
            if self._status < 0:
                return super()._internal_poll(*args, **more)  # type: ignore[misc]
            if self.returncode is None and select.select([self._status], [], [], 0)[0]:
                self._ended()
            return self.returncode

        def _wait(self, timeout: float | None) -> int:
            if self._status < 0:
                return super()._wait(timeout)  # type: ignore[misc]
            if self.returncode is None:
                if not select.select([self._status], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                self._ended()
            return self.returncode

        def _ended(self) -> None:
            self.returncode = int(os.read(self._status, 20) or signal.SIGKILL * -1)
            os.close(self._status)

    return Forked


def serve(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request until there are no more; in each child, what it was asked for."""
    awake, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: dict[int, int] = {}
    while True:
        if awake in select.select([connection.fileno(), awake], [], [])[0]:
            os.read(awake, 1000)
            _tell_of_ends(children)
            continue
        text, streams, _, _ = socket.recv_fds(connection, _MOST, 4)
        if not text:
            os._exit(0)
        child = os.fork()
        if not child:
            for place, fd in enumerate(streams[:3]):
                os.dup2(fd, place)
            signal.set_wakeup_fd(-1)
            connection.close()
            for fd in {*streams, *children.values(), awake, wakes}:
                os.close(fd)
            return dict(json.loads(text))
        children[child] = streams[3]
        os.write(streams[3], str(child).encode())
        for fd in streams[:3]:
            os.close(fd)


def _tell_of_ends(children: dict[int, int]) -> None:
    for number in list(children):
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            written = children.pop(number)
            with suppress(BrokenPipeError):  # nobody waits for it
                os.write(written, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(written)


def become(request: dict[str, Any]) -> None:
    """Do what a new interpreter would."""
    if request["session"]:
        os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    # The streams of the server know what it had: a file, which can be told where to write, where now a pipe is.
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    module, *words = request["words"]
    sys.argv = [module, *words]
    if not hasattr(sys.modules.get(module), "__path__"):
        sys.modules.pop(module, None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def import_everything() -> None:
    """Import what a command may need, but for what isn't installed. Nothing is called: that could start threads."""
    from sdgen.service.fork_server import import_all

    import_all()
    import pytest  # noqa: F401 (by the tests' own modules)

    import sdgen

    for module in pkgutil.walk_packages(sdgen.__path__, "sdgen."):
        if not module.name.startswith(_NOT_IMPORTED):
            try:
                import_module(module.name)
            except ImportError:
                continue


if __name__ == "__main__":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_everything()
    become(serve(socket.socket(fileno=int(sys.argv[1]))))
