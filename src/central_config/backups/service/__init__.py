"""What is done with backups: made, listed, verified, drilled, restored.

`portable` is one encrypted file of the database, `physical` is pgBackRest's, `restoring` puts a
portable one back, `resync` tells whoever remembers later revisions, `catalogue` records runs.
"""
