"""Workspaces (tenants), their environments, and the timeline of their revisions.

Owns the revision counter: every change of what a workspace serves takes the next number under the
lock of the workspace's row, so revision order is commit order. Start with `model`.
"""
