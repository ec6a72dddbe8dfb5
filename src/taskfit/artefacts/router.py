"""A fitted router as a folder: a manifest, the table, and what tells texts apart. JSON that a person may read, read strictly.

A router decides where requests go, so one that was tampered with, cut off, made for other features or by another form is refused,
with what to do. Knows nothing of how it was fitted, and nothing of numpy.
"""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from taskfit.artefacts.files import replace_whole
from taskfit.artefacts.router_contents import gain_faults, predictor_faults, table_faults
from taskfit.errors import ConfigurationError
from taskfit.features.definition import DEFINITION
from taskfit.values.fitted import FittedRouter, GainModel, Manifest, TaskPredictor
from taskfit.values.policy import PolicyTable

FORM: Final = "taskfit-router-1"
MANIFEST: Final = "manifest.json"
PARTS: Final[Mapping[str, type]] = {"table.json": PolicyTable, "predictor.json": TaskPredictor, "gain.json": GainModel}
"""The other files. The table is always there."""
TABLE, PREDICTOR, GAIN = PARTS
QUESTIONS: Final = "questions.json"
"""Digests of the questions that it was fitted on: for who measures it. A gateway does not read them."""
MOST_BYTES: Final = 256 * 1024 * 1024
MOST_TOLD: Final = 10
AGAIN: Final = "train it again: taskfit router train OUTCOMES --out DIR"

T = TypeVar("T")


def write_router(router: FittedRouter, folder: Path, *, questions: Collection[str] = ()) -> FittedRouter:
    """Write all files, the manifest last, and tell what was written. `questions` are digests of those that it was fitted on;
    none: the folder does not tell. Errors: ConfigurationError where it cannot be written."""
    parts = {TABLE: router.table, PREDICTOR: router.predictor, GAIN: router.gain}
    bodies = {name: _encoded(part) for name, part in parts.items() if part is not None}
    if questions:
        bodies[QUESTIONS] = _encoded(sorted(questions))
    files = {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}
    manifest = msgspec.structs.replace(router.manifest, files=files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in {**bodies, MANIFEST: _encoded(manifest)}.items():
            replace_whole(folder / name, body)
        for name in {*PARTS, QUESTIONS} - bodies.keys():
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return msgspec.structs.replace(router, manifest=manifest)


def read_router(folder: Path) -> FittedRouter:
    """The router in a folder. Errors: ConfigurationError, which names the files, what was found and what to do, all mistakes in
    what they hold at once."""
    manifest = _decoded(_read(folder / MANIFEST), Manifest, folder / MANIFEST)
    _check_manifest(manifest, folder)
    parts: dict[str, object] = {}
    for name, digest in manifest.files.items():
        if name == QUESTIONS:
            continue
        if name not in PARTS:
            wanted = f"one of: {', '.join((*PARTS, QUESTIONS))}"
            raise ConfigurationError(f"{folder / MANIFEST}: files: {name[:80]!r}\n  wanted  {wanted}\n  try     {AGAIN}")
        parts[name] = _decoded(_read_named(folder / name, digest), PARTS[name], folder / name)
    table, predictor, gain = parts.get(TABLE), parts.get(PREDICTOR), parts.get(GAIN)
    if not isinstance(table, PolicyTable):
        raise ConfigurationError(f"{folder / MANIFEST}: names no {TABLE}\n  try     {AGAIN}")
    assert predictor is None or isinstance(predictor, TaskPredictor)
    assert gain is None or isinstance(gain, GainModel)
    router = FittedRouter(manifest=manifest, table=table, predictor=predictor, gain=gain)
    _check_contents(router, folder)
    return router


def read_questions(router: FittedRouter, folder: Path) -> frozenset[str] | None:
    """Digests of the questions that the router of a folder was fitted on; None where it does not tell. Errors: ConfigurationError
    where their file is not the one that the manifest names."""
    digest = router.manifest.files.get(QUESTIONS)
    if digest is None:
        return None
    return _decoded(_read_named(folder / QUESTIONS, digest), frozenset[str], folder / QUESTIONS)


def _read_named(file: Path, digest: str) -> bytes:
    body = _read(file)
    if hashlib.sha256(body).hexdigest() != digest:
        raise ConfigurationError(
            f"{file}: is not the file that the manifest names\n  found   another fingerprint\n  try     {AGAIN}"
        )
    return body


def _check_manifest(manifest: Manifest, folder: Path) -> None:
    if manifest.form != FORM:
        raise ConfigurationError(
            f"{folder / MANIFEST}: is of another form\n  found   {manifest.form[:80]!r}\n  wanted  {FORM}\n  try     {AGAIN}"
        )
    if manifest.features != DEFINITION:
        raise ConfigurationError(
            f"{folder / MANIFEST}: was fitted on other features\n  found   {manifest.features[:80]!r}, by taskfit "
            f"{manifest.made_by[:40]}\n  wanted  {DEFINITION}\n  try     {AGAIN}"
        )


def _check_contents(router: FittedRouter, folder: Path) -> None:
    """What the types cannot say, of all parts at once."""
    models = router.manifest.models
    found = [(TABLE, fault) for fault in table_faults(router.table, models)]
    if router.predictor is not None:
        found += [(PREDICTOR, fault) for fault in predictor_faults(router.predictor, router.table.cells)]
    if router.gain is not None:
        found += [(GAIN, fault) for fault in gain_faults(router.gain, models)]
    told = [
        f"{folder / name}: {where or 'the whole file'}\n  found   {said}\n  wanted  {wanted}\n  try     {AGAIN}"
        for name, (where, said, wanted) in found[:MOST_TOLD]
    ]
    if len(found) > MOST_TOLD:
        told.append(f"{folder}: {len(found) - MOST_TOLD} more mistakes\n  try     {AGAIN}")
    if told:
        raise ConfigurationError("\n\n".join(told))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            body = opened.read(MOST_BYTES + 1)
    except OSError as error:
        wanted = "a folder that `taskfit router train` wrote"
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror or error}\n  wanted  {wanted}") from error
    if len(body) > MOST_BYTES:
        raise ConfigurationError(f"{file}: is larger than {MOST_BYTES // 1024**2} MiB\n  try     {AGAIN}")
    return body


def _decoded(body: bytes, wanted: type[T], file: Path) -> T:
    try:
        return msgspec.json.decode(body, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{file}: cannot be used\n  found   {error}\n  try     {AGAIN}") from error


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"
