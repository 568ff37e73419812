"""Makes an environment for sdgen: python3 tools/environment.py FOLDER [locked|newest|oldest] [--test]

locked   the exact versions of requirements/, each file checked against its hash; what `make run` and `make test` use
newest   the newest versions that pyproject.toml allows
oldest   the oldest ones, as requirements/oldest.txt has them

It needs nothing but Python, and tells an old one so: no syntax here is newer than Python 3.6.
"""

import argparse
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
REQUIREMENTS = {"locked": "locked.txt", "oldest": "oldest.txt"}  # the first line of each names the Pythons it is for

# What pip is asked, one call after another. {extra} is "" or "[test]", {lock} the lock with or without what tests need.
LOCKED = "--require-hashes --only-binary :all: --requirement requirements/"
STEPS = {
    "locked": (
        LOCKED + "{lock}.txt",
        LOCKED + "build.txt",
        "--no-deps --no-build-isolation --editable .",
    ),
    "newest": ("--upgrade --upgrade-strategy eager --editable .{extra}",),
    "oldest": ("--constraint requirements/oldest.txt --editable .{extra}",),
}
# Those that values depend on.
NAMED = ("duckdb", "numpy", "pyarrow", "sqlglot", "mimesis", "pydantic", "sqlalchemy")
SHOW = "import sys, importlib.metadata as m; print(*(n + ' ' + m.version(n) for n in sys.argv[1:]), sep=', ')"


def text_of(version):
    return "%d.%d" % version


def supported(versions):
    """The oldest and the newest Python that the versions are known to work with; None: any newer one may do."""
    if versions not in REQUIREMENTS:
        return OLDEST_PYTHON, None
    with (ROOT / "requirements" / REQUIREMENTS[versions]).open(encoding="utf-8") as lines:
        found = re.match(r"# Python 3\.(\d+) to 3\.(\d+)", lines.readline())
    return (3, int(found.group(1))), (3, int(found.group(2)))


def refusal(version, versions):
    """Why this Python won't do, and what to type instead; "" where it does."""
    oldest, newest = supported(versions)
    if version >= oldest and (newest is None or version <= newest):
        return ""
    range_ = text_of(oldest) + (" or newer" if newest is None else " to " + text_of(newest))
    last = newest or (3, 19)
    others = ["python3.%d" % minor for minor in range(last[1], oldest[1] - 1, -1)]
    there = [name for name in others if shutil.which(name)]
    advice = "make ... PYTHON=" + (there[0] if there else others[0] if newest else "python3.13")
    if newest and version > newest:
        advice += ", or make ... VERSIONS=newest"
    return "error: Python %s to install with, but the %s versions are for Python %s\n    %s" % (
        text_of(version),
        versions,
        range_,
        advice,
    )


def interpreter(folder):
    """The environment's own Python if it is there already, else the one that runs this."""
    own = folder / "bin" / "python"
    if not own.exists():
        return sys.executable, sys.version_info[:2]
    shown = subprocess.check_output([str(own), "-c", "import sys; print(*sys.version_info[:2])"])
    major, minor = shown.split()
    return str(own), (int(major), int(minor))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("versions", nargs="?", default="locked", choices=sorted(STEPS))
    parser.add_argument("--test", action="store_true", help="with what the tests need")
    options = parser.parse_args()
    python, version = interpreter(options.folder)
    fault = refusal(version, options.versions)
    if fault:
        return fault
    if python == sys.executable and not (options.folder / "bin" / "python").exists():
        venv.create(str(options.folder), with_pip=True, clear=True)
        python = str(options.folder / "bin" / "python")
    parts = {"extra": "[test]" if options.test else "", "lock": "locked" if options.test else "base"}
    for step in STEPS[options.versions]:
        words = step.format(**parts).split()
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.call(pip + words, cwd=str(ROOT)):
            return "error: pip could not install the %s versions (its own words are above)" % options.versions
    print("Python %s with " % text_of(version), end="", flush=True)
    return subprocess.call([python, "-c", SHOW] + list(NAMED))


if __name__ == "__main__":
    sys.exit(main())
