"""Every procedure is a command, stands on a page, and has a test that carries it out."""

import re
import shlex
from typing import NamedTuple

import pytest

from central_config.cli.main import build
from tests.docs.pages import ROOT, read

DOCS = ROOT / "docs"


class Procedure(NamedTuple):
    """What is done, by which command, on which page, carried out by which test."""

    what: str
    command: str
    page: str
    test: str


PROCEDURES = [
    Procedure(
        "everything is down",
        "ops run system-down",
        "runbook/playbooks",
        "faults/test_alerts_and_playbooks.py::test_the_api_hangs",
    ),
    Procedure(
        "it is slow",
        "ops run slow",
        "runbook/playbooks",
        "playbooks/test_on_a_machine.py::test_who_holds_up_others_is_cancelled_or_ended_and_the_queue_goes_on",
    ),
    Procedure(
        "connections run out",
        "ops run database-connections",
        "runbook/playbooks",
        "faults/test_alerts_and_playbooks.py::test_connections_run_out",
    ),
    Procedure(
        "the AI engine fails",
        "ops run ai-engine",
        "runbook/playbooks",
        "playbooks_more/test_plays.py::test_an_engine_that_fails_leaves_the_api_ready",
    ),
    Procedure(
        "the disk is full",
        "ops run disk-full",
        "runbook/playbooks",
        "playbooks/test_on_a_machine.py::test_a_full_disk_gets_room_and_loses_no_acknowledged_write",
    ),
    Procedure(
        "Redis is lost",
        "ops run redis-lost",
        "runbook/playbooks",
        "faults/test_alerts_and_playbooks.py::test_redis_hangs",
    ),
    Procedure(
        "the archive is stuck",
        "ops run archive-stuck",
        "runbook/playbooks",
        "playbooks_more/test_plays.py::test_an_archive_that_cannot_be_written",
    ),
    Procedure(
        "a certificate ends",
        "ops run certificate-expiring",
        "runbook/playbooks",
        "faults/test_alerts_and_playbooks.py::test_a_certificate_ends",
    ),
    Procedure(
        "a replica is stale",
        "ops run replica-stale",
        "runbook/playbooks",
        "faults/test_alerts_and_playbooks.py::test_a_replica_loses_its_feed",
    ),
    Procedure(
        "the audit log was changed",
        "ops run audit-chain-broken",
        "runbook/playbooks",
        "faults/test_alerts_and_playbooks.py::test_somebody_changes_the_audit_log",
    ),
    Procedure(
        "a key leaked",
        "ops run key-leaked",
        "runbook/playbooks",
        "playbooks_more/test_plays.py::test_a_leaked_key_is_ended",
    ),
    Procedure(
        "look at everything",
        "ops diagnose",
        "runbook",
        "playbooks_more/test_probes.py::test_a_running_service_is_looked_at",
    ),
    Procedure(
        "look at failed sign-ins",
        "ops log-summary",
        "runbook",
        "playbooks_more/test_plays.py::test_the_log_is_summed_up",
    ),
    Procedure(
        "every day",
        "maintenance run daily",
        "how-to/maintenance.md",
        "operations/test_upkeep.py::test_every_plan_ends_with_a_report_that_is_kept",
    ),
    Procedure(
        "every week",
        "maintenance run weekly",
        "how-to/maintenance.md",
        "operations/test_upkeep.py::test_every_plan_ends_with_a_report_that_is_kept",
    ),
    Procedure(
        "every month",
        "maintenance run monthly",
        "how-to/maintenance.md",
        "operations/test_upkeep.py::test_every_plan_ends_with_a_report_that_is_kept",
    ),
    Procedure(
        "check certificates",
        "certificates",
        "how-to/check-certificates.md",
        "upkeep/test_certificates.py::test_the_command",
    ),
    Procedure(
        "review access",
        "user review",
        "how-to/access-review.md",
        "upkeep/test_access_review.py::test_the_command",
    ),
    Procedure(
        "list keys",
        "key list",
        "how-to/rotate-api-keys.md",
        "upkeep/test_key_rotation.py::test_the_runbooks_statement_lists_keys",
    ),
    Procedure(
        "rotate old keys",
        "key rotate --older-than 180d",
        "how-to/rotate-api-keys.md",
        "upkeep/test_key_rotation.py::test_the_command_replaces_old_keys_and_retires_idle_ones",
    ),
    Procedure(
        "seal old months",
        "audit seal",
        "how-to/audit-retention.md",
        "upkeep/test_sealing.py::test_old_months_leave_and_the_whole_log_verifies",
    ),
    Procedure(
        "look for known faults",
        "dependencies report",
        "how-to/verify-an-installation.md",
        "upkeep/test_dependencies.py::test_without_an_auditor_it_is_not_audited",
    ),
    Procedure(
        "check files",
        "manifest verify --manifest m --signature s --key k",
        "how-to/verify-an-installation.md",
        "upkeep/test_manifest.py::test_what_was_done_to_files_is_found",
    ),
    Procedure(
        "back the database up",
        "backup create",
        "how-to/back-up.md",
        "backups/test_commands.py::test_from_backup_to_restore_and_back",
    ),
    Procedure(
        "back the rest up",
        "backup create configuration",
        "how-to/back-up.md",
        "backups/test_portable.py::test_the_configuration_opens",
    ),
    Procedure(
        "practise",
        "backup drill",
        "how-to/back-up.md",
        "backups/test_portable.py::test_a_drill_is_the_proof",
    ),
    Procedure(
        "restore",
        "restore",
        "how-to/restore.md",
        "backups/test_restore.py::test_a_lost_database_comes_back",
    ),
    Procedure(
        "go back to a moment",
        'restore --to "2026-11-23 12:00:00+03:00"',
        "how-to/point-in-time-recovery.md",
        "backups/physical/test_s3.py::test_full_incremental_and_back_to_a_second",
    ),
    Procedure(
        "open an incident",
        "incident open P0 Down",
        "how-to/handle-an-incident.md",
        "incidents/test_incidents.py::test_a_life_of_an_incident",
    ),
    Procedure(
        "who is told when",
        "incident escalation list",
        "how-to/handle-an-incident.md",
        "incidents/test_escalation.py::test_who_is_told_when",
    ),
    Procedure(
        "report",
        "incident report INC-2026-1123-001",
        "how-to/handle-an-incident.md",
        "incidents/test_reports.py::test_reports_of_what_is_recorded",
    ),
    Procedure(
        "before a deployment",
        "checklist run pre-deployment",
        "runbook/checklists.md",
        "incidents/test_checklists.py::test_open_until_somebody_says_so",
    ),
    Procedure(
        "after an incident",
        "checklist run post-incident",
        "runbook/checklists.md",
        "incidents/test_checklists.py::test_post_incident",
    ),
    Procedure(
        "security, monthly",
        "checklist run monthly-security",
        "runbook/checklists.md",
        "incidents/test_checklists.py::test_security_review",
    ),
    Procedure(
        "is it set up well",
        "doctor",
        "runbook",
        "playbooks_more/test_doctor.py::test_a_sound_installation",
    ),
    Procedure(
        "ask for help",
        "support-bundle",
        "runbook",
        "playbooks_more/test_bundle.py::test_nothing_that_was_planted_is_in_it",
    ),
]
each_procedure = pytest.mark.parametrize("each", PROCEDURES, ids=[p.what for p in PROCEDURES])


def said_on(page: str) -> str:
    """Return the text of a page, or of all pages of a folder."""
    place = DOCS / page
    return read(place) if place.is_file() else "\n".join(map(read, sorted(place.glob("*.md"))))


@each_procedure
def test_it_is_a_command(each: Procedure) -> None:
    words = shlex.split(each.command)
    build(words).parse_args(words, print_error=False, exit_on_error=False)


@each_procedure
def test_it_stands_on_a_page(each: Procedure) -> None:
    words = shlex.split(each.command)
    bare = " ".join(words[:2] if words[0] in {"restore", "incident"} else words[:3])
    bare = re.sub(r" --(manifest|older-than)$", "", bare)
    assert re.search(rf"(ccfg|central-config) {re.escape(bare)}\b", said_on(each.page)), bare


@each_procedure
def test_a_test_carries_it_out(each: Procedure) -> None:
    file, _, function = each.test.partition("::")
    text = (ROOT / "tests" / file).read_text("utf-8")
    assert re.search(rf"^(async )?def {function}\(", text, re.MULTILINE)
