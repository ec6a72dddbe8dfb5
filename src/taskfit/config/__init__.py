"""The configuration file: its schema, its loading, its complaints."""

from taskfit.config.complaints import Complaint, InvalidConfig
from taskfit.config.effective import describe, differences
from taskfit.config.json_schema import schema
from taskfit.config.loading import load, parse
from taskfit.config.settings import Config, ProviderConfig

__all__ = ["Complaint", "Config", "InvalidConfig", "ProviderConfig", "describe", "differences", "load", "parse", "schema"]
