"""Say what this machine lacks before anything is installed. Runs on any Python 3 and imports only what all have."""

import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def main():
    """Exit with a line per missing thing and its remedy."""
    problems = []
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        problems.append(
            "Python {}.{} is not supported; 3.11, 3.12 or 3.13 is needed. Install one (Debian: apt install python3), "
            "or name it: make PYTHON=/path/to/python3.11 grade".format(*sys.version_info[:2])
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        problems.append("Python's venv module is missing. Debian and Ubuntu: apt install python3-venv")
    if not sys.platform.startswith("linux"):
        problems.append("Grading needs Linux (its sandbox is made of Linux namespaces). Students can work anywhere.")
    for problem in problems:
        sys.stderr.write("error: " + problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
