"""``python -m artem`` is the command line."""

from artem.app.cli import main

main()
