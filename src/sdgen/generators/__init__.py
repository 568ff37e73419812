"""How values are made: one file or folder per family of generators, found by registered name.

`FAMILIES` names each family's file and what it registers, so that only the families a scenario uses are imported.
To add a family, write its file and add its line here; packages outside add theirs with the entry point group
`sdgen.generators`, whose values are modules that register on import.
"""
