"""Serves a configuration without the command line: for measuring the server alone. `python bench/serve.py FILE`."""

import os
import sys

import uvloop

from taskfit.assembly import read_configuration
from taskfit.server.serving import serve


def main() -> None:
    """Serve until a signal comes."""
    uvloop.run(serve(read_configuration(sys.argv[1], os.environ), environ=os.environ))


if __name__ == "__main__":
    main()
