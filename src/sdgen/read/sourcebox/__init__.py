"""SourceBox schemas (JSON): tables with record counts, columns with generators, relationships, an order."""

from sdgen.read.sourcebox.reader import fits, read

__all__ = ["fits", "read"]
