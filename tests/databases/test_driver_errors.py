"""The next step by what a place says."""

from __future__ import annotations

import pytest

from sdgen.databases.driver_errors import ROOM, next_step


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ('FATAL: password authentication failed for user "me"', "password right"),
        ("Access denied for user 'me'@'localhost' (using password: YES)", "password right"),
        ('FATAL: database "shop" does not exist', "CREATE DATABASE"),
        ("Unknown database 'shop'", "CREATE DATABASE"),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", "host's name"),
        ('connection to server at "127.0.0.1", port 1 failed: Connection refused', "host and port"),
        ("x.sqlite: database or disk is full", ROOM),
        ("Error writing bytes to file. Detail: [errno 28] No space left on device", ROOM),
        ("no permission to write in /srv", "permissions"),
        ("the folder /srv/x does not exist", "make it"),
        ("/srv/x is a file, not a folder", "choose another"),
    ],
)
def test_what_is_known_has_a_next_step(said: str, step: str) -> None:
    assert step in next_step(said)


def test_what_is_not_known_has_the_other_one() -> None:
    assert next_step("something else", "look again") == "look again"


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("Row size too large. The maximum row size for the used table type is 65535", "`text`"),
        ("Specified key was too long; max key length is 3072 bytes", "string(191)"),
        ("Invalid default value for 'made'", "fits what the database declares"),
        ("Incorrect datetime value: '0000-00-00' for column 'd' at row 1", "fits what the database declares"),
        ("You have an error in your SQL syntax; check the manual", "another database"),
        ("CONSTRAINT `j.d` failed for `test`.`j`", "generators that keep it"),
        ('no partition of relation "h1" found for row', "make a partition"),
        ("Duplicate entry '1' for key 'PRIMARY'", "truncate_then_insert"),
    ],
)
def test_what_servers_refuse_has_a_next_step(said: str, step: str) -> None:
    assert step in next_step(said)
