"""`python -m conformance`: the command line, where the folder of scripts is not on the path (Windows)."""

from conformance.cli import main

if __name__ == "__main__":
    main()
