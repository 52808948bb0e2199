"""``python -m rnnlab``: the program ``rnnlab`` where it is not installed."""

from rnnlab.commands.app import main

main()
