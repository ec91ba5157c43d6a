"""The command ``serve``: the demo page of a converted model."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import Annotated

import typer


def serve(
    artifact: Annotated[Path, typer.Argument(help="A TensorFlow.js model: its folder, or its model.json.")],
    *,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.", show_default="8137, or a free one")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="Names of the classes, one per line.")] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
) -> None:
    """Show a converted model in your browser: loading, speed per backend, and a drawing or picture to try it on."""
    from workflow.cli.console import ConsoleListener, echo, line  # noqa: PLC0415  loaded for serving only, to keep --help fast
    from workflow.cli.web_pages import open_page as show_page  # noqa: PLC0415  as below
    from workflow.report.serving.server import DemoServer  # noqa: PLC0415  as above
    from workflow.report.serving.site import (  # noqa: PLC0415  as above
        folder_of,
        site_of,
        tfjs_packages,
    )

    folder_of(artifact)  # before anything is installed for it
    site = site_of(artifact, packages=tfjs_packages(ConsoleListener()), labels=labels)
    with DemoServer(site, port=port) as server:
        echo(line(f"{site.title}: {server.url} (^C ends it)"))
        if open_page:
            show_page(server.url, by=server.ticket)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            echo("stopped")
