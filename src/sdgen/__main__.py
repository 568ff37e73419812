"""`python -m sdgen` is `sdgen`."""

from sdgen.cli import main

if __name__ == "__main__":
    main()
