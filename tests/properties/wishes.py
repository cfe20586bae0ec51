"""What is drawn, and how hard: few keys and environments, so that everything meets everything."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.properties.naive import Wanted

# Machines are busy and databases take their time. In CI (the variable `CI`) Hypothesis loads its
# own profile, in which every run draws the same examples.
EFFORT = settings(deadline=None, suppress_health_check=list(HealthCheck))

KEYS = ("a", "b", "c/d", "c/e")
SLUGS = ("base", "mid", "leaf", "side", "extra")
PLAIN = (1, 2.5, True, None, "text", "other", [1, "x"], {"n": "deep"}, "$${a}", "")
REFERRING = (
    "${a}",
    "${b}",
    "${c/d}",
    "x-${a}-y",
    "${a}${c/e}",
    "${env:base/a}",
    "${env:side/b}!",
    ["${c/d}", {"n": "${b}"}],
    "$${a} is ${a}",
    "${missing}",
    "${env:nowhere/a}",
)
replicas = st.integers(0, 1)
keys = st.sampled_from(KEYS)
slugs = st.sampled_from(SLUGS)
values = st.sampled_from(PLAIN * 2 + REFERRING)
statuses = st.sampled_from(("active", "deprecated", "archived"))
conditions = st.sampled_from(
    ("any",) * 6 + ("right", "right", "just", "late", "stale", "absent", "blind", "future")
)
ago = st.integers(0, 12)
edits = st.builds(
    Wanted,
    st.sampled_from(SLUGS[:4] * 4 + SLUGS),
    st.just(0),
    keys,
    st.sampled_from(("set",) * 8 + ("remove", "status")),
    values,
    st.none() | statuses,
    st.sampled_from((False,) * 7 + (True,)),
).map(
    lambda edit: (
        edit._replace(status=edit.status or "deprecated") if edit.action == "status" else edit
    )
)
