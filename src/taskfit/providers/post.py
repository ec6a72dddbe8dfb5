"""One message to an address that somebody named: looked at, sent, and nothing of the answer but its status.

Redirects are not followed, the body of an answer is not read, a socket serves one message. Knows nothing of what it sends.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from taskfit.errors import Unreachable
from taskfit.providers.connection import Connection
from taskfit.providers.dial import Dialer, Tls, load_tls
from taskfit.providers.egress import Egress, Target
from taskfit.providers.reply import Limits

LIMITS: Final = Limits(connect_s=5.0, max_head_bytes=16_384, max_body_bytes=0, max_pool=1)
MAX_TRIED: Final = 3
"""Addresses of one name that are tried, one after the other, as long as none can be reached."""


class Poster:
    """Sends to what `egress` lets be reached. `ca_file` names certificates that are trusted beside the system's.

    Holds nothing open between two messages, so there is nothing to close. Errors: ConfigurationError for the file, when it is
    first needed.
    """

    def __init__(self, egress: Egress, *, ca_file: str | None = None) -> None:
        self._egress = egress
        self._ca_file = ca_file
        self._tls: Tls | None = None

    async def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes, *, timeout_s: float) -> int:
        """The status of the answer to a POST. Units: seconds, for all of it, resolving included.

        Errors: Forbidden where it may not be sent; Overloaded where it was not tried; Unreachable, UpstreamTimeout,
        InvalidAnswer, CutAnswer.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        route = await self._egress.route(url)
        tried = route.addresses[:MAX_TRIED]
        for at in tried[:-1]:
            try:
                return await self._post_to(at, route.target, headers, body, left_s=until - loop.time())
            except Unreachable:
                continue
        return await self._post_to(tried[-1], route.target, headers, body, left_s=until - loop.time())

    async def _post_to(
        self, at: str, target: Target, headers: Sequence[tuple[str, str]], body: bytes, *, left_s: float
    ) -> int:
        if target.server.scheme == "https" and self._tls is None:
            self._tls = await asyncio.to_thread(load_tls, self._ca_file)
        dialer = Dialer(target.server, limits=LIMITS, at=at, tls=self._tls)
        server = target.server
        connection = Connection(f"{server.scheme}://{server.peer}", headers=headers, limits=LIMITS, dialer=dialer)
        await connection.open()
        try:
            reply = await connection.post(target.path, body, first_byte_s=left_s, total_s=left_s)
            try:
                return reply.status
            finally:
                await reply.close()
        finally:
            await connection.close()
