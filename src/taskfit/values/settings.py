"""Types for the settings of plug-ins, which the configuration resolves before a plug-in sees them."""

from typing import Annotated, TypeAlias

import msgspec

MODEL = "model"
FILE = "file"

ModelName: TypeAlias = Annotated[str, msgspec.Meta(extra={"taskfit": MODEL})]
"""An alias or `provider/model` as written; the plug-in gets the pinned `provider/model`."""

FilePath: TypeAlias = Annotated[str, msgspec.Meta(extra={"taskfit": FILE})]
"""A path as written, relative to the configuration file; the plug-in gets one that it can open."""
