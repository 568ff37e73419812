"""`python -m sdgen` is `sdgen`."""

from sdgen.cli import run

if __name__ == "__main__":
    run()
