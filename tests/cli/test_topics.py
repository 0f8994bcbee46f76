"""Help by topic: a screen each, and nothing that is in none of them."""

import click
import pytest
from click.testing import CliRunner

from corserver.cli.commands import COMMANDS
from corserver.cli.options.topics import TOPICS, TopicCommand
from corserver.cli.serve import serve_directory

EVERY: dict[str, click.Command] = {"": serve_directory, **{name: entry.load() for name, entry in COMMANDS.items()}}
PAGES = [
    (name, topic) for name, command in EVERY.items() if isinstance(command, TopicCommand) for topic in command._topics()
]
MOST_LINES = 45


def help_of(name: str, *topic: str, width: int = 80) -> str:
    done = CliRunner().invoke(EVERY[name], ["--help", *topic], prog_name="corserver", terminal_width=width)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", sorted(EVERY))
def test_the_first_page_of_each_command_fits_a_screen(name: str) -> None:
    text = help_of(name)
    assert sum(-(-max(len(line), 1) // 80) for line in text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize(("name", "topic"), PAGES)
def test_every_topic_fits_a_screen_and_is_named_on_the_first(name: str, topic: str) -> None:
    text = help_of(name, topic)
    assert text.startswith(TOPICS[topic])
    assert len(text.splitlines()) <= MOST_LINES
    assert f"\n  {topic} " in help_of(name)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_option_is_somewhere(name: str) -> None:
    command = EVERY[name]
    if isinstance(command, TopicCommand):
        text = " ".join([help_of(name), *(help_of(name, topic) for topic in command._topics())])
        everything = help_of(name, "all")
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.opts[0] in text
                assert parameter.opts[0] in everything


def test_a_topic_that_there_is_not_is_a_mistake_that_names_those_that_there_are() -> None:
    done = CliRunner().invoke(serve_directory, ["--help", "corz"])
    assert done.exit_code == 2
    assert "cors, network, tls, files, output, config, limits, all" in done.output


def test_the_help_is_asked_for_by_h_too_and_before_what_is_wrong() -> None:
    assert CliRunner().invoke(serve_directory, ["-h", "cors"]).output.startswith(TOPICS["cors"])
    assert CliRunner().invoke(serve_directory, ["no-such-directory", "-h"]).output.startswith("Usage:")


@pytest.mark.parametrize("name", sorted(EVERY))
def test_the_help_keeps_to_a_terminals_width_and_says_of_each_option_what_it_does(name: str) -> None:
    pages = [help_of(name)]
    if isinstance(EVERY[name], TopicCommand):
        pages.append(help_of(name, "all"))
    for page in pages:
        assert [line for line in page.splitlines() if len(line) > 80] == []
        assert "x>" not in page
        assert "<=x" not in page
    assert [each.opts for each in EVERY[name].params if isinstance(each, click.Option) and not each.help] == []


@pytest.mark.parametrize("given", ["nan", "inf", "1e999"])
def test_no_number_is_other_than_finite(given: str) -> None:
    options = {
        (name, option): click.Context(command)
        for name, command in EVERY.items()
        for option in command.params
        if isinstance(option.type, click.types.FloatParamType)
    }
    assert len(options) >= 6
    for (_, option), ctx in options.items():
        with pytest.raises(click.BadParameter, match=f"this must be a number.*, not '{given}'"):
            option.type_cast_value(ctx, given)
