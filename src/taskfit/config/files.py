"""Files that the configuration names, relative to its own folder. Knows nothing of what is in them."""

from pathlib import Path

from taskfit.config.complaints import Complaints, nearest
from taskfit.config.reading import complain, read_text
from taskfit.config.tree import Node, Scalar, found

MOST_BYTES = 1024 * 1024
MOST_NEIGHBOURS = 1000
"""Of a folder with more files no nearest name is looked for."""


def find_file(node: Node, folder: Path, complaints: Complaints) -> str | None:
    """The absolute path of a file that is there."""
    text = read_text(node, complaints, wanted="a file")
    if text is None:
        return None
    path = folder / text
    complaints.look_for(str(path))
    try:
        is_there = path.is_file()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no path"
        complain(node, complaints, wanted=f"a file that can be read: {reason}")
        return None
    if is_there:
        return str(path)
    is_shown = isinstance(node, Scalar) and not node.is_from_environment
    place = f": there is none in {path.parent}" if is_shown and path.parent.is_dir() else ", and there is none"
    complaints.add(
        node.line, node.path, found=found(node), wanted=f"a file{place}", try_=_neighbour(Path(text), path) if is_shown else ""
    )
    return None


def read_text_file(node: Node, folder: Path, complaints: Complaints) -> tuple[str, str] | None:
    """The absolute path of a file and the text in it, of at most 1 MiB of UTF-8."""
    path = find_file(node, folder, complaints)
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            complain(node, complaints, wanted="a file of at most 1 MiB")
            return None
        return path, content.decode("utf-8")
    except OSError as error:
        complain(node, complaints, wanted=f"a file that can be read: {error.strerror or error}")
    except UnicodeDecodeError:
        complain(node, complaints, wanted="a file in UTF-8")
    return None


def _neighbour(written: Path, path: Path) -> str:
    """The nearest file in the same folder, written in the same way."""
    try:
        names = [each.name for each, _ in zip(path.parent.iterdir(), range(MOST_NEIGHBOURS), strict=False) if each.is_file()]
    except OSError:
        return ""
    near = nearest(path.name, names)
    return str(written.with_name(near)) if near else ""
