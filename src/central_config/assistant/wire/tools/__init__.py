"""What tools of the MCP server take and answer.

Their JSON Schemas are what an assistant is told, so each field says what it means and how far it
goes. Everything that comes from a tenant is shown by `model.showing`.
"""
