"""What a workspace could do better: found by code, one check a file, proposed and never done.

A check looks at a workspace as it is and yields `Advice`. No value of the workspace stands in an
advice: it names places, and whoever shows it looks there, with the eyes of the caller.
"""
