"""Makes an environment for sdgen: python3 tools/environment.py FOLDER [locked|newest|oldest] [--extra test|leg]

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
OLDEST_PYTHON, TRIED_PYTHON = (3, 11), (3, 13)
REQUIREMENTS = {"locked": "locked.txt", "oldest": "oldest.txt"}  # the first line of each names the Pythons it is for

# What pip is asked, one call after another. {extra} is "", "[test]" or "[leg]", {lock} the lock with what all tests
# need, or with what sdgen does.
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
    return ".".join(map(str, version))


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
    last = newest or TRIED_PYTHON
    others = [f"python3.{minor}" for minor in range(last[1], oldest[1] - 1, -1)]
    advice = "make ... PYTHON=" + next((name for name in others if shutil.which(name)), others[0])
    if newest and version > newest:
        advice += ", or make ... VERSIONS=newest"
    here = f"error: Python {text_of(version)} to install with"
    return f"{here}, but the {versions} versions are for Python {range_}\n    {advice}"


def is_ready(python):
    """Whether an environment is there already, made with the same Python as the one that runs this."""
    show = "import sys; print(*sys.version_info[:2], sep='.')"
    here = text_of(sys.version_info[:2])
    return python.exists() and subprocess.check_output([str(python), "-c", show]).decode().strip() == here


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("versions", nargs="?", default="locked", choices=sorted(STEPS))
    parser.add_argument(
        "--extra", default="", choices=["test", "leg"], help="with what all tests need, or those of legs"
    )
    options = parser.parse_args()
    fault = refusal(sys.version_info[:2], options.versions)
    if fault:
        return fault
    python = options.folder / "bin" / "python"
    if not is_ready(python):
        venv.create(str(options.folder), with_pip=True, clear=True)
    parts = {
        "extra": f"[{options.extra}]" if options.extra else "",
        "lock": "locked" if options.extra else "base",
    }
    for step in STEPS[options.versions]:
        words = step.format(**parts).split()
        # Modules are compiled when they are imported: few of those that are installed ever are.
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        if subprocess.call([*pip, *words], cwd=str(ROOT)):
            return f"error: pip could not install the {options.versions} versions: what it says of it is above"
    sys.stdout.write(f"Python {text_of(sys.version_info[:2])} with ")
    sys.stdout.flush()
    return subprocess.call([str(python), "-c", SHOW, *NAMED])


if __name__ == "__main__":
    sys.exit(main())
