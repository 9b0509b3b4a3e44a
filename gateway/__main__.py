"""`python -m gateway` is the `postline` command."""

from gateway.cli import main

main()
