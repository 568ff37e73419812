"""Runs on more than one machine: a plan and spans of rows → parts, on an engine such as Dask or Ray."""
