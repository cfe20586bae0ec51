"""A release's checksums: whoever changes a file, the list or the signature is found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import central_config
from central_config.cli.main import main

ENCODING, RAW = serialization.Encoding.PEM, serialization.NoEncryption()


class Release:
    """A copy of our own package as an installation, its checksums, and keys."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "site-packages"
        package = self.root / "central_config" / "cli"
        shutil.copytree(Path(central_config.__file__).parent / "cli", package)
        (package / "__pycache__").mkdir(exist_ok=True)
        (package / "__pycache__" / "main.cpython-313.pyc").write_bytes(b"compiled")
        (self.root / "link").symlink_to("central_config")
        self.key = self.save("private", Ed25519PrivateKey.generate())
        self.manifest, self.signature = place / "manifest.json", place / "manifest.sig"

    def save(self, name: str, key: Ed25519PrivateKey) -> Path:
        file = self.place / f"{name}.pem"
        file.write_bytes(key.private_bytes(ENCODING, serialization.PrivateFormat.PKCS8, RAW))
        public = key.public_key().public_bytes(
            ENCODING, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (self.place / f"{name}.pub").write_bytes(public)
        return file

    def words(self, what: str, key: Path) -> list[str]:
        given = {"manifest": self.manifest, "signature": self.signature, "key": key}
        options = [word for name, path in given.items() for word in (f"--{name}", str(path))]
        return ["manifest", what, *options, "--root", str(self.root)]

    def create(self, *more: str) -> int:
        return main([*self.words("create", self.key), *more])

    def verify(self, key: str = "private.pub", *more: str) -> int:
        return main([*self.words("verify", self.place / key), *more])

    @property
    def file(self) -> Path:
        return self.root / "central_config" / "cli" / "main.py"


@pytest.fixture
def release(tmp_path: Path) -> Release:
    made = Release(tmp_path)
    assert made.create() == 0
    return made


def test_an_installation_as_released(release: Release, capfd: pytest.CaptureFixture[str]) -> None:
    assert release.verify() == 0
    assert "files are as released" in capfd.readouterr().err
    assert release.create() == 2  # what was published is not overwritten


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r.file.write_text(r.file.read_text() + " "), "changed"),
        (lambda r: r.file.unlink(), "missing"),
        (lambda r: r.file.with_name("extra.py").touch(), "added"),
        (
            lambda r: (r.file.parent / "__pycache__/main.cpython-313.pyc").write_bytes(b"x"),
            "changed",
        ),
        (lambda r: (r.file.parent / "__pycache__/ask.cpython-313.pyc").touch(), "added"),
        (lambda r: ((r.root / "link").unlink(), (r.root / "link").symlink_to("/")), "changed"),
        (lambda r: (r.file.unlink(), r.file.symlink_to("/etc/passwd")), "changed"),
    ],
)
def test_what_was_done_to_files_is_found(
    release: Release,
    capfd: pytest.CaptureFixture[str],
    change: Callable[[Release], object],
    what: str,
) -> None:
    change(release)
    capfd.readouterr()
    assert release.verify("private.pub", "-o", "json") == 1
    told = capfd.readouterr()
    found = json.loads(told.out)["differences"]
    assert {name for name in ("changed", "missing", "added") if found[name]} == {what}
    assert len(found[what]) == 1
    assert "NOT as released" in told.err


def test_the_list_proves_nothing_without_its_signature(
    release: Release, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever changes a file and the list of checksums, too, is found all the same."""
    release.file.write_text("print('evil')")
    old = release.manifest.read_bytes()
    release.save("other", Ed25519PrivateKey.generate())
    forged = Release.__new__(Release)
    forged.__dict__.update(release.__dict__)
    forged.manifest, forged.signature = release.place / "f.json", release.place / "f.sig"
    forged.key = release.place / "other.pem"
    assert forged.create() == 0
    assert forged.verify("other.pub") == 0
    capfd.readouterr()
    assert forged.verify() == 1
    assert "the signature is not of this manifest and this key" in capfd.readouterr().err
    forged.signature = release.signature
    assert forged.verify() == 1
    release.manifest.write_bytes(old.replace(b'"version"', b' "version"'))
    assert release.verify() == 1


def test_wrong_keys_and_files(release: Release, capfd: pytest.CaptureFixture[str]) -> None:
    assert release.verify("private.pem") == 1  # not the public one
    other = generate_private_key(SECP256R1())
    data = other.private_bytes(ENCODING, serialization.PrivateFormat.PKCS8, RAW)
    (release.place / "ec.pem").write_bytes(data)
    release.key = release.place / "ec.pem"
    release.manifest = release.place / "new.json"
    assert release.create() == 2
    assert "no Ed25519 private key" in capfd.readouterr().err
    assert not release.manifest.exists()
    assert release.verify() == 2
    assert "new.json: No such file" in capfd.readouterr().err


def test_leaving_out_compiled_files_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    release = Release(tmp_path)
    assert release.create("--without-bytecode") == 0
    (release.file.parent / "__pycache__/main.cpython-313.pyc").write_bytes(b"x")
    capfd.readouterr()
    assert release.verify() == 0
    assert "compiled files (.pyc) were not compared" in capfd.readouterr().err
    shutil.rmtree(release.root)
    release.root.mkdir()
    assert release.verify() == 1
