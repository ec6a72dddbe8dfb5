"""`python -m taskfit.cli`: the command line where its script is not on the PATH."""

from taskfit.cli import main

if __name__ == "__main__":
    main()
