"""What is decided without any server: settings, moments, gaps, comparisons, what a report says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from central_config.backups.model import Backup
from central_config.backups.model.errors import BackupRefusedError
from central_config.backups.model.moments import base_for, parse_moment
from central_config.backups.model.pgbackrest import Work, complaint, configuration, faults
from central_config.backups.model.repository import passphrase, repository
from central_config.backups.model.segments import Gap, gaps, names
from central_config.backups.service.archiving import archiving_of
from central_config.backups.service.examining import Expected, compare
from central_config.core.settings import Settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORK = Work(Path("/data/pgbackrest"), Path("/data/postgres"), Path("/data/run"), "postgres")
S3 = {
    "backup_repository": "s3://bucket/some/prefix/",
    "backup_s3_key": "key",
    "backup_s3_secret": "secret",
}


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def backup(finished: datetime, label: str = "x") -> Backup:
    return Backup(
        label=label,
        method="physical",
        kind="full",
        started_at=finished - timedelta(minutes=1),
        finished_at=finished,
        size_bytes=1,
        location="there",
        encrypted=True,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "BACKUP_PASSPHRASE is not set"),
        ("short", "easily guessed"),
        ("a" * 40, "easily guessed"),
        ("abababababababababab", "easily guessed"),
        (" correct horse battery staple", "begins or ends with a blank"),
        ("correct horse\nbattery staple", "control character"),
    ],
)
def test_weak_passphrases_are_refused_before_anything_starts(text: str | None, words: str) -> None:
    given = settings(backup_passphrase=text, backup_repository="/backups")
    with pytest.raises(BackupRefusedError, match=words):
        passphrase(given)
    with pytest.raises(BackupRefusedError, match=words):
        archiving_of(given)


def test_without_a_repository_nothing_is_archived() -> None:
    assert archiving_of(settings()) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "BACKUP_REPOSITORY is not set"),
        ({"backup_repository": "relative/path"}, "no absolute path"),
        ({"backup_repository": "ftp://somewhere"}, "neither a directory nor s3://"),
        ({**S3, "backup_repository": "s3:///prefix"}, "names no bucket"),
        ({"backup_repository": "s3://bucket"}, "BACKUP_S3_KEY and BACKUP_S3_SECRET"),
        ({**S3, "backup_s3_endpoint": "http://store:9000"}, "over TLS only"),
        ({**S3, "backup_s3_endpoint": "https://127.0.0.1:9000"}, "by its address"),
        ({**S3, "backup_s3_endpoint": "https://store:port"}, "BACKUP_S3_ENDPOINT"),
    ],
)
def test_unusable_places_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(BackupRefusedError, match=words):
        repository(settings(**values))


def test_configuration_for_s3() -> None:
    more = {"backup_s3_endpoint": "https://store.example:9000", "backup_s3_ca_file": "/ca.pem"}
    lines = configuration(repository(settings(**S3, **more)), "pass", 3, WORK).splitlines()
    for line in (
        "repo1-type=s3",
        "repo1-path=/some/prefix/physical",
        "repo1-s3-bucket=bucket",
        "repo1-s3-endpoint=store.example",
        "repo1-storage-port=9000",
        "repo1-s3-uri-style=path",
        "repo1-storage-verify-tls=y",
        "repo1-storage-ca-file=/data/pgbackrest/authorities.pem",
        "repo1-cipher-type=aes-256-cbc",
        "repo1-retention-full=3",
    ):
        assert line in lines
    amazon = configuration(repository(settings(**S3)), "pass", 3, WORK).splitlines()
    assert "repo1-s3-endpoint=s3.us-east-1.amazonaws.com" in amazon
    assert "repo1-s3-uri-style=host" in amazon


@pytest.mark.parametrize(
    "text", ["2026-11-23 12:00:00", "2026-11-23", "yesterday", "", "12:00:00+03:00"]
)
def test_moment_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(BackupRefusedError, match="no time with a zone"):
        parse_moment(text)


def test_moment_is_understood() -> None:
    assert parse_moment("2026-03-01 15:00:00+03:00") == NOON
    assert parse_moment("2026-03-01T12:00:00Z") == NOON


def test_base_is_the_last_backup_complete_before_the_moment() -> None:
    backups = [backup(NOON + timedelta(hours=each), str(each)) for each in range(3)]
    now = NOON + timedelta(days=1)
    assert base_for(backups, NOON + timedelta(minutes=90), now).label == "1"
    assert base_for(backups, None, now).label == "2"
    # That second is not over, so the backup may have ended after the moment.
    assert base_for(backups, NOON + timedelta(hours=1, microseconds=5), now).label == "0"
    with pytest.raises(BackupRefusedError, match=r"first moment .* 2026-03-01 12:00:00"):
        base_for(backups, NOON, now)
    with pytest.raises(BackupRefusedError, match="yet to come"):
        base_for(backups, now + timedelta(seconds=1), now)
    with pytest.raises(BackupRefusedError, match="no physical backup"):
        base_for([], NOON, now)


def test_gaps_in_the_log() -> None:
    end = "-" + "a" * 40 + ".zst"
    listed = [
        f"15-1/0000000100000000/0000000100000000000000{each}{end}" for each in ("FD", "FE", "FF")
    ]
    listed += [f"15-1/0000000100000001/000000010000000100000000{end}"]
    listed += [f"15-1/0000000100000001/000000010000000100000003{end}"]
    listed += [f"15-1/0000000200000001/000000020000000100000009{end}", "archive.info"]
    listed += ["15-1/0000000100000000/0000000100000000000000FD.00000028.backup"]
    found = gaps(names(listed))
    assert found == [Gap(2, "000000010000000100000000", "000000010000000100000003")]


def test_heads_are_compared_both_ways() -> None:
    live = {"a": 5, "b": 2}
    assert compare({"a": 5, "b": 2}, Expected(live, live)).ok
    assert compare({"a": 6, "b": 2}, Expected(live, {"a": 7, "b": 2})).ok
    assert compare({"a": 4, "b": 2}, Expected(live, live)).words == "a is at 4, was at 5"
    assert compare({"a": 5}, Expected(live, live)).words == "b is at nothing, was at 2"
    newer = compare({"a": 9, "b": 2}, Expected(live, live))
    assert newer.words == "a is at 9, the live one only at 5"


WELL = """stanza: central-config
status: ok
  archiveId: 15-1, total WAL checked: 4, total valid WAL: 4
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: one, status: valid, total files checked: 1501, total valid files: 1501
"""


def test_report_of_verify_is_believed_only_as_far_as_it_goes() -> None:
    assert faults(WELL, ["one"]) == ""
    assert faults(WELL, ["one", "two"]) == "backup two is not verified"
    assert faults("", []) == "pgBackRest does not say that all is well"
    torn = WELL.replace("valid WAL: 4", "valid WAL: 3").replace("status: valid", "status: invalid")
    assert (
        faults(torn, ["one"]) == "backup one is invalid; 1 of 4 segments of the log are not whole"
    )


def test_complaints_are_one_line_and_hold_no_noise() -> None:
    said = (
        "P00  ERROR: [095]: unable\n   CryptoError: unable to flush\n   HINT: one\n   HINT: one\n"
    )
    assert complaint(said) == (
        "unable; what is there cannot be read with this BACKUP_PASSPHRASE: it is not the one the "
        "repository was begun with, or the file is damaged; HINT: one"
    )
    assert complaint("") == "it said nothing"
