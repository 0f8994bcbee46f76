"""Help by topic: the first screen has what is used most and names the topics; `--help TOPIC` has the rest.

An option without a topic is on the first screen. Whoever writes a command uses `TopicCommand` as its class and gives
`option` a topic where the first screen would get too long.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: How every command is set up.
CONTEXT: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

ALL: Final = "all"
#: Every topic there is in some command, with its heading.
TOPICS: Final[Mapping[str, str]] = {
    "upstream": "What is asked of the upstream, and how",
    "app": "How the app is loaded and run",
    "cors": "Which pages may read the answers",
    "network": "Where it listens, and for whom",
    "tls": "HTTPS",
    "files": "Which files are served, and how",
    "output": "What is written, and shown",
    "request": "What the page asks for",
    "verdict": "What is said of it, and how",
    "config": "Where else flags may stand",
    "limits": "Limits on what a client can make the server do",
}


def number_words(kind: "click.ParamType[Any]") -> str:
    """What a number of the type *kind* must be, such as "a whole number from 0 to 9"; empty for what is no number."""
    if not isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        return ""
    what = "a whole number" if isinstance(kind, click.types.IntParamType) else "a number"
    if not isinstance(kind, click.IntRange | click.FloatRange) or kind.min is None:
        return what
    if kind.max is not None:
        return f"{what} from {kind.min:g} to {kind.max:g}"
    return f"{what} over {kind.min:g}" if kind.min_open else f"{what}, {kind.min:g} or more"


class Option(click.Option):
    """An option whose range, if it is a number, is said in words and not in algebra: to whoever is out of it."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Raises `click.BadParameter`, for what is not finite too: `nan` is in every range, and `inf` is no end."""
        try:
            found = super().type_cast_value(ctx, value)
            if isinstance(found, float) and not math.isfinite(found):
                raise click.BadParameter("not finite", ctx, self)
        except click.BadParameter as error:
            words = number_words(self.type)
            if not words or self.multiple:
                raise
            raise click.BadParameter(f"this must be {words}, not {value!r}", ctx, self) from error
        return found

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        """Without the range."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class TopicOption(Option):
    """An option that belongs to a topic, and that is on the first screen too if *common*."""

    def __init__(self, *args: Any, topic: str, common: bool = False, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.topic = topic
        self.common = common


def option(*names: str, topic: str, common: bool = False, **attributes: Any) -> Callable[[_Command], _Command]:
    """As `click.option`, with a topic."""
    return click.option(*names, cls=TopicOption, topic=topic, common=common, **attributes)


class TopicCommand(click.Command):
    """A command whose help is by topic. *texts* are what topics say beside their options."""

    def __init__(self, *args: Any, texts: Mapping[str, str] | None = None, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._texts = texts or {}

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """`--help`, with or without a topic."""
        names = self.get_help_option_names(ctx)
        return click.Option(
            names[::-1],
            is_flag=False,
            flag_value="",
            is_eager=True,
            expose_value=False,
            metavar="[TOPIC]",
            help="This page, or all on a topic.",
            callback=self._show,
        )

    def _show(self, ctx: click.Context, parameter: click.Parameter, topic: str | None) -> None:
        if topic is None or ctx.resilient_parsing:
            return
        topics = (*self._topics(), ALL)
        if topic and topic not in topics:
            raise click.UsageError(f"--help {topic}: there is no such topic; there are {', '.join(topics)}", ctx)
        click.echo(self._page(ctx, topic) if topic else ctx.get_help())
        ctx.exit()

    def _page(self, ctx: click.Context, topic: str) -> str:
        formatter = ctx.make_formatter()
        if topic == ALL:
            self.format_usage(ctx, formatter)
            self.format_help_text(ctx, formatter)
            self._write_options(ctx, formatter, "Options", "")
        for each in self._topics() if topic == ALL else (topic,):
            self._write_options(ctx, formatter, TOPICS[each], each)
            if each in self._texts:
                formatter.write_paragraph()
                formatter.write(self._texts[each])
        return formatter.getvalue().strip("\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the first screen, then the topics."""
        self._write(ctx, formatter, "Options", [each for each in self.get_params(ctx) if _is_on_first(each)])
        topics = self._topics()
        if topics:
            with formatter.section("More, by --help TOPIC"):
                formatter.write_dl([*((topic, TOPICS[topic]) for topic in topics), (ALL, "Everything")])

    def _write_options(self, ctx: click.Context, formatter: click.HelpFormatter, heading: str, topic: str) -> None:
        self._write(ctx, formatter, heading, [each for each in self.get_params(ctx) if _topic(each) == topic])

    def _write(
        self, ctx: click.Context, formatter: click.HelpFormatter, heading: str, parameters: Sequence[click.Parameter]
    ) -> None:
        records = [each.get_help_record(ctx) for each in parameters if isinstance(each, click.Option)]
        with formatter.section(heading):
            formatter.write_dl([record for record in records if record is not None])

    def _topics(self) -> Sequence[str]:
        found = {_topic(parameter) for parameter in self.params} | self._texts.keys()
        return [topic for topic in TOPICS if topic in found]


def _topic(parameter: click.Parameter) -> str:
    return parameter.topic if isinstance(parameter, TopicOption) else ""


def _is_on_first(parameter: click.Parameter) -> bool:
    return not isinstance(parameter, TopicOption) or parameter.common
