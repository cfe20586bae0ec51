"""The command line: `central-config`, and `ccfg` for short.

Start at `main`, which names every command and where it is. A command module (`commands/`) talks to
the server through `client`, finds out where and as whom through `session`, and prints through
`output`. Results go to stdout, everything else to stderr.
"""
