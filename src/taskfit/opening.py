"""`taskfit.open`: a gateway in this process."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from taskfit.assembly import assemble, read_configuration
from taskfit.pipeline.gateway import Gateway


@asynccontextmanager
async def open(file: str | None = None) -> AsyncGenerator[Gateway, None]:  # noqa: A001  # the public name
    """A running gateway from a configuration file; without one from $TASKFIT_CONFIG, ./taskfit.yaml or the environment.

    Errors: ConfigurationError, with every complaint; StoreUnavailable.
    """
    async with await assemble(read_configuration(file, os.environ)) as assembly:
        yield assembly.gateway
