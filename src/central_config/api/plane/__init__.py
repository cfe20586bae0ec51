"""The data plane: answers reads, watches and small writes in front of the framework.

Applications ask for configuration far more often than people administer it, so those few requests
are answered by plain ASGI code (`front` tells which is which, `reads`, `writes` and `watches` are
one path each). One rule keeps the planes alike: **a fast path answers only what it is certain of
and hands everything else to the control plane** - an unknown workspace, a refused caller, an odd
parameter, a body that does not validate. Permission, validation and the words of every refusal are
therefore written once, in the services and the routes; tests compare the two planes byte by byte.
"""
