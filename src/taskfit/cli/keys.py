"""`taskfit keys`: who may call the gateway. A key is shown once, when it is made; only its hash is kept."""

import time
from typing import Annotated, Literal

import typer

from taskfit.cli.application import FAILED, SETTINGS
from taskfit.cli.options import ConfigOption, JsonOption

app = typer.Typer(help="Make, list and revoke the keys that callers use.", no_args_is_help=True, **SETTINGS)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who or what the key is for.")],
    role: Annotated[
        Literal["client", "admin"], typer.Option(help="A client asks; an admin sees everyone's records too.")
    ] = "client",
    team: Annotated[str, typer.Option(help="The team that its requests are counted to.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a key and print it once.

    Only its hash is kept. A running server takes it within two seconds.
    """
    from taskfit.cli.opened import configuration, store_of
    from taskfit.cli.output import print_json
    from taskfit.server.keyring import new_key

    with store_of(configuration(config)) as store:
        key, text = new_key(name, role, at=time.time(), team=team)
        store.add_key(key)
    if as_json:
        print_json({"id": key.id, "name": name, "role": role, "team": team, "key": text})
        return
    typer.echo(f"{role} key {key.id} for {name}; shown once, only its hash is kept:", err=True)
    typer.echo(text)


@app.command("list")
def list_keys(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the keys, without the keys themselves."""
    from taskfit.cli.opened import configuration, store_of
    from taskfit.cli.output import print_json, print_table, utc

    with store_of(configuration(config)) as store:
        keys = store.keys()
    if as_json:
        names = ("id", "name", "role", "team", "created_at", "revoked_at")
        print_json([{name: getattr(key, name) for name in names} for key in keys])
        return
    print_table(
        ("id", "name", "role", "team", "created", "revoked"),
        [
            (
                key.id,
                key.name,
                key.role,
                key.team or "-",
                utc(key.created_at),
                "-" if key.revoked_at is None else utc(key.revoked_at),
            )
            for key in keys
        ],
    )


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id, as `keys list` shows it.")],
    config: ConfigOption = None,
) -> None:
    """Revoke a key for good.

    A running server refuses it within two seconds.
    """
    from taskfit.cli.opened import configuration, store_of

    with store_of(configuration(config)) as store:
        is_known = store.revoke_key(key_id, at=time.time())
    if not is_known:
        typer.echo(f"there is no key {key_id}\n  try     taskfit keys list", err=True)
        raise typer.Exit(FAILED)
    typer.echo(f"revoked {key_id}")
