"""Telling readers of a change as it is published.

`relay` brings this process to the last revision; `hub` turns each revision into events and hands
them to watchers; `routes` are the streams and polls by which clients hear of them.
"""
