"""The command line, a file per command."""


def main() -> None:
    """Run the command that the arguments name; ends the process."""
    from taskfit.cli.application import run

    run()
