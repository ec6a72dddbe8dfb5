"""What a task takes from files: its prompt template and its calibration. Each is read once, with the configuration."""

import hashlib
import re

import msgspec

from taskfit.config.calibrations import read_calibration
from taskfit.config.complaints import Complaints, quoted, told_by
from taskfit.config.files import find_file, read_text_file
from taskfit.config.keys import TEMPLATE
from taskfit.config.reading import complain, read_entries, read_text
from taskfit.config.references import References
from taskfit.config.tree import Node, Table
from taskfit.errors import ConfigurationError
from taskfit.values.calibration import Calibration
from taskfit.values.task import TemplateUse

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VERSION_DIGITS = 12


class FromFile(msgspec.Struct, frozen=True, kw_only=True):
    """Where a template or a calibration was read from: an absolute path."""

    file: str


class TemplateFile(FromFile, frozen=True, kw_only=True):
    """A template with its file."""

    use: TemplateUse


class CalibrationFile(FromFile, frozen=True, kw_only=True):
    """A calibration with its file."""

    calibration: Calibration


def read_template(node: Node, references: References, complaints: Complaints) -> TemplateFile | None:
    """A file, or a file with the version that records name; without one it is made from the text."""
    said, version = node, ""
    if isinstance(node, Table):
        entries = read_entries(node, TEMPLATE, complaints) or {}
        if "version" in entries:
            read = _read_version(entries["version"].value, complaints)
            if read is None:
                return None
            version = read
        if "file" not in entries:
            complaints.add(node.line, node.path, found="no file", wanted="file: the template in Jinja", try_="add file:")
            return None
        said = entries["file"].value
    told = read_text_file(said, references.folder, complaints)
    if told is None:
        return None
    file, source = told
    if not _is_template(source, said, file, complaints):
        return None
    version = version or hashlib.sha256(source.encode()).hexdigest()[:VERSION_DIGITS]
    return TemplateFile(file=file, use=TemplateUse(source=source, version=version))


def _is_template(source: str, node: Node, file: str, complaints: Complaints) -> bool:
    """Whether it can be compiled; the complaint names the line of the template."""
    from taskfit.shaping.templates import PromptTemplate

    try:
        PromptTemplate(TemplateUse(source=source, version=file), task=node.path)
    except ConfigurationError as error:
        place, _, what = str(error).partition("  ")
        complaints.add(
            node.line, node.path, found=f"{place}: {quoted(what.partition(': ')[2])[1:-1]}", wanted="a template in Jinja"
        )
        return False
    return True


def _read_version(node: Node, complaints: Complaints) -> str | None:
    text = read_text(node, complaints, wanted="a version as text")
    if text is not None and not VERSION.fullmatch(text):
        complain(node, complaints, wanted="a version of letters, digits and . _ -, at most 64")
        return None
    return text


def read_calibration_file(node: Node, references: References, complaints: Complaints) -> CalibrationFile | None:
    """What the fit of a task wrote."""
    file = find_file(node, references.folder, complaints)
    if file is None:
        return None
    try:
        return CalibrationFile(file=file, calibration=read_calibration(file))
    except ConfigurationError as error:
        for told in told_by(error, wanted="a calibration"):
            complaints.add(node.line, node.path, found=told.found, wanted=told.wanted, try_=told.try_)
        return None
