"""Texts from a Jinja2 template for each row, with phrases drawn from lists and the row's other columns.

A template is read and checked against a positive list (`syntax`), compiled in a narrow sandbox (`sandbox`, `values`),
and rendered row by row (`generator`) with draws of our own (`draws`).
"""

from sdgen.generators.jinja.jinja import Jinja

__all__ = ["Jinja"]
