"""The ways to show a run: a live terminal, plain lines, warnings only, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow.cli.console import ConsoleListener, amount, console, echo_json, error_console, line, show
from workflow.cli.summaries import detour_lines, ending, print_summary, quantization_lines

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from workflow.recipe.recipes import Recipe
    from workflow.runs.tasks import Outcome, Task
    from workflow.runs.watching import Watcher

_MARKS = {
    "done": ("✓", "bold green"),
    "up to date": ("=", "dim"),
    "failed": ("✕", "bold red"),
    "not run": ("-", "yellow"),
}


def watcher_for(recipe: Recipe, *, quiet: bool, as_json: bool) -> Watcher:
    """Return the screen that fits: JSON and quiet when asked for, live on a terminal, plain lines elsewhere."""
    if as_json:
        return JsonScreen()
    if quiet:
        return QuietScreen()
    return LiveScreen(recipe) if error_console().is_terminal else PlainScreen(recipe)


class QuietScreen(ConsoleListener):
    """Prints warnings and failures only."""

    def __init__(self, *, quiet: bool = True) -> None:
        super().__init__(quiet=quiet)

    def planned(self, tasks: list[Task]) -> None:
        """Print nothing."""

    def began(self, task: Task) -> None:
        """Print nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Print a failure, at once and whole."""
        if outcome.error is not None:
            show(outcome.error)

    def stopped(self) -> None:
        """Leave the terminal as it was."""

    def finished(self, outcomes: list[Outcome], record: dict[str, Any]) -> None:
        """Print nothing."""


class JsonScreen(QuietScreen):
    """Prints the record of the run on standard output; warnings and failures go to standard error as always."""

    def finished(self, outcomes: list[Outcome], record: dict[str, Any]) -> None:  # noqa: ARG002  the protocol's
        """Print the record."""
        echo_json(record)


class PlainScreen(QuietScreen):
    """Timed lines, one when a step starts, one when it ends; for logs, pipes and CI."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(quiet=False)
        self._recipe = recipe

    def planned(self, tasks: list[Task]) -> None:
        """Print how much there is to do."""
        running = sum(task.runs for task in tasks)
        self.say(f"{self._recipe.path.name}: {running} of {len(tasks)} steps to run")

    def began(self, task: Task) -> None:
        """Print the step and why it runs."""
        self.say(f"{task.name}: {'; '.join(task.reasons)}")

    def ended(self, outcome: Outcome) -> None:
        """Print how the step ended."""
        self.say(f"{_MARKS[outcome.status][0]} {ending(outcome)}")
        for remark in _remarks(outcome):
            self.say(f"  {remark}")
        super().ended(outcome)

    def finished(self, outcomes: list[Outcome], record: dict[str, Any]) -> None:
        """Print the summary on standard output."""
        print_summary(self._recipe, outcomes, seconds=float(record["seconds"]))


class LiveScreen(PlainScreen):
    """A live line with elapsed time for the step that runs; finished steps stay above it as one line each."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self._progress: Progress | None = None
        self._line: TaskID | None = None

    def say(self, text: str) -> None:
        """Show the news behind the running step's name, or as a line when no step runs."""
        if self._progress is None or self._line is None:
            super().say(text)
        else:
            self._progress.update(self._line, news=line(text))

    def advance(self, what: str, done: int, total: int) -> None:
        """Show what goes on, and its bytes, in the live line; it redraws itself at its own pace."""
        if self._progress is None or self._line is None:
            super().advance(what, done, total)
        else:
            news = f"{what} {amount(what, done, total)}" if done or total else what
            self._progress.update(self._line, news=line(news))

    def began(self, task: Task) -> None:
        """Start the live line of the step."""
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  on terminals

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", style="bold", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[news]}", style="dim", markup=False),
        )
        self._progress = Progress(*columns, console=error_console(), transient=True)
        self._progress.start()
        reasons = line("; ".join(task.reasons))
        self._line = self._progress.add_task(line(task.name), total=None, news=reasons)

    def stopped(self) -> None:
        """Take the live line away, and give the terminal its cursor back."""
        if self._progress is not None:
            self._progress.stop()
        self._progress, self._line = None, None

    def ended(self, outcome: Outcome) -> None:
        """Replace the live line by the step's result."""
        self.stopped()
        mark, style = _MARKS[outcome.status]
        error_console().print(mark, style=style, end=" ")
        error_console().print(line(ending(outcome)))
        remarks = _remarks(outcome)
        for remark in [*remarks, *detour_lines(outcome.facts)] if outcome.status == "done" else remarks:
            error_console().print(line(f"  {remark}"), style="dim")
        if outcome.error is not None:
            show(outcome.error)

    def finished(self, outcomes: list[Outcome], record: dict[str, Any]) -> None:
        """Print the summary."""
        console().print()
        super().finished(outcomes, record)


def _remarks(outcome: Outcome) -> list[str]:
    return quantization_lines(outcome.facts) if outcome.status == "done" else []
