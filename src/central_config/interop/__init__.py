"""Configuration files of other tools: importing them as changes, exporting what is served.

`model` reads and writes the formats; `service` turns a file into a draft change and back.
"""
