"""`python -m mandegar.cli`."""

from mandegar.cli.main import main

main()
