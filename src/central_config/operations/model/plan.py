"""What maintenance there is, how often it runs, and how long what is over is kept."""

from collections.abc import Mapping
from datetime import timedelta

# The kinds of maintenance, by the name they have in addresses.
MAINTENANCE: Mapping[str, str] = {
    name: f"maintenance.{name}" for name in ("hourly", "daily", "weekly", "monthly")
}
# Of these a report is kept.
REPORTED = ("daily", "weekly", "monthly")
AUDIT_VERIFY = "audit.verify"

# A sign-in that has just expired still explains a refusal.
KEEP_EXPIRED_SESSIONS = timedelta(days=7)
KEEP_ANSWERS = timedelta(hours=24)
KEEP_FINISHED_JOBS = timedelta(days=30)
# A year and a month: what was said a year ago can be compared.
KEEP_REPORTS = timedelta(days=400)
# Partitions of the audit log made ahead of time: a year in which nobody runs this loses nothing.
MONTHS_AHEAD = 12
