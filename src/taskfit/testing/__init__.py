"""Parts for tests and demonstrations: scripted upstreams on real sockets."""

from taskfit.testing.clock import Clock
from taskfit.testing.faults import Fault
from taskfit.testing.reply import Reply, SeenRequest
from taskfit.testing.upstream import ScriptedUpstream, UpstreamThread
from taskfit.testing.vectors import vector_of

__all__ = ["Clock", "Fault", "Reply", "ScriptedUpstream", "SeenRequest", "UpstreamThread", "vector_of"]
