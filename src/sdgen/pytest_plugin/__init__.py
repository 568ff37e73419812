"""Filled databases and Arrow tables for tests: sdgen as a pytest plugin.

    @pytest.mark.sdgen("shop.yaml", rows={"customers": 50})
    def test_report(sdgen_sqlite): ...

`plugin.py` holds the hooks and fixtures, `marks.py` what a mark may say, `filling.py` how a dataset comes to be,
`cache.py` where filled ones are kept, `postgres.py` the databases of a server. Nothing heavy is imported before a test
asks for data.
"""

from __future__ import annotations


class SdgenWarning(UserWarning):
    """What a reader guessed, or did not understand and left out, of a scenario that tests use."""
