"""``python -m workroom`` is ``workroom``."""

from workroom.cli import main

if __name__ == "__main__":
    main()
