"""`taskfit doctor`: what stands between this machine and an answer. Connects to providers; sends them nothing."""

import asyncio
import sys
from typing import Annotated

import typer

from taskfit.cli.application import FAILED
from taskfit.cli.options import ConfigOption, JsonOption


def doctor(
    is_offline: Annotated[bool, typer.Option("--offline", help="Do not connect to providers.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check what the gateway needs.

    Python, configuration, store, address, keys, prices; and that providers can be connected to. Nothing is sent to them.
    """
    from taskfit.cli.findings import Finding, address, keys, prices, providers, python, store
    from taskfit.cli.opened import configuration
    from taskfit.cli.output import for_a_terminal, print_json
    from taskfit.errors import ConfigurationError

    findings = [python(sys.version_info)]
    try:
        read = configuration(config)
    except ConfigurationError as error:
        findings.append(Finding(check="configuration", state="fail", text=str(error), advice="taskfit config check"))
    else:
        findings.append(Finding(check="configuration", state="ok", text=f"{read.file or 'from the environment'}"))
        findings += [*store(read), address(read), *keys(read)]
        if not is_offline:
            findings += asyncio.run(providers(read))
        findings += prices(read)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            typer.echo(for_a_terminal(finding.line()))
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(FAILED)
