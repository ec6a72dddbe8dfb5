"""Writes docs/reference/matrix.md from the matrix test's own table. `--check` writes nothing and fails where the page is stale.

Run it from the repository's root: python -m scripts.matrix
"""

import sys

from tests.matrix.table import PAGE, render


def main() -> int:
    text = render()
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    if "--check" in sys.argv:
        print("docs/reference/matrix.md out of date: run python -m scripts.matrix")
        return 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
