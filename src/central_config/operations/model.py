"""What maintenance there is, and how long what is over is kept."""

from collections.abc import Mapping
from datetime import timedelta

# The kinds of maintenance, by the name they have in addresses.
MAINTENANCE: Mapping[str, str] = {"hourly": "maintenance.hourly", "daily": "maintenance.daily"}

# A sign-in that has just expired still explains a refusal.
KEEP_EXPIRED_SESSIONS = timedelta(days=7)
KEEP_ANSWERS = timedelta(hours=24)
KEEP_FINISHED_JOBS = timedelta(days=30)
# Partitions of the audit log made ahead of time: a year in which nobody runs this loses nothing.
MONTHS_AHEAD = 12
