"""Alerts lead to playbooks, pages show what planners do, and none of it is of the harmful sort."""

import re
from pathlib import Path

import pytest

from central_config.playbooks.commands.pages import answered_by
from central_config.playbooks.commands.screen import call_text
from central_config.playbooks.model.findings import Findings
from central_config.playbooks.model.plans import Step
from central_config.playbooks.service.catalogue import playbooks
from central_config.playbooks.service.playbook import Playbook, Where
from central_config.playbooks.service.samples import SAMPLES
from tests.docs.pages import ROOT, read

ALERTS = ROOT / "docs" / "runbook" / "alerts"
# Each was seen in a runbook somewhere, and harms.
HARMFUL = (
    *("FLUSHALL", "FLUSHDB", "pg_stat_reset", "delete pods", "scale deploy", "exec -it"),
    *("REINDEX DATABASE", "recovery.conf", "rm -rf", "kill -9 ", "pg_resetwal", "$DATABASE_URL"),
    *("total_time", "mean_time", "DROP DATABASE", "TRUNCATE", "--force", "--grace-period=0"),
)

alerts = pytest.mark.parametrize(
    "page",
    [each for each in sorted(ALERTS.glob("*.md")) if each.stem != "index"],
    ids=lambda p: p.stem,
)
every = pytest.mark.parametrize("playbook", playbooks(), ids=lambda each: each.name)


def line_of(page: Path) -> str:
    found = re.findall(r"^(?:Playbook: |No playbook: ).+$", read(page), flags=re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


@alerts
def test_an_alert_leads_to_its_playbook(page: Path) -> None:
    names = answered_by().get(page.stem, [])
    line = line_of(page)
    if not names:
        assert line.startswith("No playbook: ")
        assert len(line) > len("No playbook: ") + 10
        return
    shown = ", ".join(f"[{name}](../playbooks/{name}.md)" for name in names)
    assert line == f"Playbook: {shown}."


def test_every_alert_of_a_playbook_exists() -> None:
    assert {name for name in answered_by() if not (ALERTS / f"{name}.md").is_file()} == set()


@every
def test_each_target_is_shown(playbook: Playbook) -> None:
    shown = {each.target for each in SAMPLES[playbook.name]}
    assert shown == set(playbook.plan)
    looked = {target for target in playbook.plan if playbook.probes_for(target)}
    assert "local" in looked


def steps_of(playbook: Playbook) -> list[tuple[str, Step]]:
    found: list[tuple[str, Step]] = []
    for sample in SAMPLES[playbook.name]:
        where = Where(target=sample.target, data_dir="/data", cache_prefix="cc:", start=("serve",))
        draft = playbook.plan[sample.target](Findings(sample.findings), where)
        assert draft.steps, f"{sample.when}: no step"
        found += [(sample.target, each) for each in draft.steps]
    return found


@every
def test_no_step_is_of_the_harmful_sort(playbook: Playbook) -> None:
    for target, step in steps_of(playbook):
        text = call_text(step.call, "central-config")
        assert [each for each in HARMFUL if each in text] == [], step.what
        if target == "local":
            assert "kubectl" not in text or step.is_advice
        assert step.check, step.what
        assert step.is_advice or (step.effect and step.blast_radius and step.undo)


def test_what_harms_would_be_seen() -> None:
    assert [each for each in HARMFUL if each in "redis-cli FLUSHALL"] == ["FLUSHALL"]


@every
def test_well_means_no_step(playbook: Playbook) -> None:
    if playbook.name == "key-leaked":
        return
    for target in playbook.plan:
        where = Where(target=target, data_dir="/data", cache_prefix="cc:", start=("serve",))
        steps = playbook.plan[target](Findings(()), where).steps
        # Where nobody looked, nothing is carried out.
        assert [each.what for each in steps if not each.is_advice] == []
