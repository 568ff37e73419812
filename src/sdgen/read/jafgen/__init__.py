"""jafgen schemas → a scenario: a file of one system, or a folder of such files as one dataset."""

from sdgen.read.jafgen.reader import fits, read

__all__ = ["fits", "read"]
