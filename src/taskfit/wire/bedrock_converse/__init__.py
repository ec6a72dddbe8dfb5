"""Amazon Bedrock's Converse and ConverseStream, as upstreams speak it; no client does.

An image, a document or a sound is base64 in JSON. The frames of a stream are not read here: a payload is one event as JSON, with
its type as the only member (`{"contentBlockDelta": {…}}`), as in the service's model.
Source: the service model of bedrock-runtime 2023-09-30 in botocore 1.44.5.
"""

from taskfit.wire.bedrock_converse.answers import DIALECT, read_answer
from taskfit.wire.bedrock_converse.events import new_reader
from taskfit.wire.bedrock_converse.models import Family, family_of
from taskfit.wire.bedrock_converse.prompts import DROPPED, write_conversation

__all__ = ["DIALECT", "DROPPED", "Family", "family_of", "new_reader", "read_answer", "write_conversation"]
