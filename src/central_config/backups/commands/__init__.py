"""What an operator types on the server side: `central-config backup ...`, `central-config restore`.

They work on the service's own settings and ask no API, for it may be what is down.
"""
