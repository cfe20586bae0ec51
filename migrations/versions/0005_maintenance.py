"""Reports of maintenance, and sealed months of the audit log.

Revision ID: 0005
Revises: 0004
"""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
