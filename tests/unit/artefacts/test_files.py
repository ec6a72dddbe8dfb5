"""A file appears whole, or not at all."""

from pathlib import Path

import pytest

from taskfit.artefacts.files import replace_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    for body in (b"old", b"new"):
        replace_whole(tmp_path / "file", body)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("file", b"new")]


@pytest.mark.parametrize("name", [".", "/"])
def test_what_can_only_be_a_folder_is_no_file(name: str) -> None:
    with pytest.raises(IsADirectoryError):
        replace_whole(Path(name), b"")
