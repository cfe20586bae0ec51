"""The MCP server: assistants of people ask and propose at `/mcp`, with the keys and roles of REST.

Walk a call: `door` (is this host or page welcome?) -> the guard of every route (who asks, how
often) -> `server` (the protocol, by the `mcp` package) -> `calls` (which workspace, which
permission, the books) -> a tool in `reading` or `proposing` -> the services every route uses.
Nothing here publishes, deletes, reveals or administers, and secrets stay masked whoever asks.
"""
