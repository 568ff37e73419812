"""What all commands share: older spellings of options, usage lines, and problems with values in plain words."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_name
from typer.models import CommandInfo

F = TypeVar("F", bound=Callable[..., Any])

# Options' former spellings. Each is taken where the command has the new one and not the old one itself, and is shown
# in no help: scripts go on working, and people learn one word for one thing.
FORMER_OPTIONS = {
    "--file-format": "--format",
    "--format": "--output",
    "--import": "--exec-models",
    "--include": "--only",
    "--output": "--to",
    "--table": "--only",
    "--target": "--to",
}
FORMER_VALUES = {("--output", "table"): "text"}


class Command(TyperCommand):
    """A command whose usage line is written as elsewhere: SCENARIO, [ENTITY], [ID]..."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        pieces = (re.sub(r"^\{(.*)\}(\.\.\.)?$", r"\1\2", piece) for piece in super().collect_usage_pieces(ctx))
        return [piece.removesuffix("...") if " " in piece else piece for piece in pieces]


class Commands(TyperGroup):
    """A group of commands. What is wrong with an option's value is told in plain words."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not isinstance(command, TyperGroup):
            rest = list(spelled_anew(rest, {option for each in command.params for option in each.opts}))
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _plain_message(error)
            raise


class App(typer.Typer):
    """A group whose commands are of the classes above."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=Commands, no_args_is_help=True, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        return super().command(name, cls=Command, **settings)

    def __call__(self, *args: Any, **settings: Any) -> Any:
        # Typer reads the signatures of all commands before it looks for the one that is called: 40 ms.
        app = self if args or settings else self._with_one_command("".join(sys.argv[1:2]))
        return typer.Typer.__call__(app, *args, **settings)

    def _with_one_command(self, word: str) -> App:
        """This app with the command or the group of commands of that name alone; all of it where there is none."""
        commands = [each for each in self.registered_commands if _command_name(each) == word]
        groups = [
            each for each in self.registered_groups if each.typer_instance and each.typer_instance.info.name == word
        ]
        if not commands and not groups:
            return self
        app = copy(self)
        app.registered_commands, app.registered_groups = commands, groups
        return app


def _command_name(command: CommandInfo) -> str:
    return command.name or get_command_name(command.callback.__name__ if command.callback else "")


def spelled_anew(words: Iterable[str], known: set[str]) -> Iterator[str]:
    """A command's words with the options' current spellings, where it knows those and not the former ones."""
    option = ""
    words = iter(words)
    for word in words:
        # Behind it there are no options, whatever words look like.
        if word == "--":
            yield word
            yield from words
            return
        name, equals, value = word.partition("=")
        if not name.startswith("--"):
            yield FORMER_VALUES.get((option, word), word)
            option = ""
            continue
        current = FORMER_OPTIONS.get(name, name)
        # An option that has the old name with another meaning today keeps it.
        option = current if current in known and name not in known else name
        yield option + equals + FORMER_VALUES.get((option, value), value)


def _plain_message(error: typer.BadParameter) -> str:
    """The message without the words of the library that looked at the value."""
    details: Callable[[], Sequence[dict[str, Any]]] | None = getattr(error.__cause__, "errors", None)
    if details is None:
        return error.message
    from sdgen.scenario.problems import value_in_words

    return "; ".join(value_in_words(detail.get("input"), detail) for detail in details())
