"""What backups read and write in the database.

`archiver` is what the server says of its log archive, `heads` what a database holds.
"""
