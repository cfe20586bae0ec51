"""The HTTP application: services built once, routes of every feature, one edge around them.

`app` builds it, `edge` is the outermost layer (request ids, limits, metrics, access lines),
`guard` decides who may do what, `services` holds what lives as long as the process.
"""
