import datetime
import io
import json
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from couturier.errors import SettingsError
from couturier.generate.draw import render_looks
from couturier.generate.prompts import read_prompts
from couturier.generate.replay import replay_image
from couturier.generate.settings import GenerateSettings
from couturier.generate.signing import load_signer


def issue(subject: str, issuer: str, key, signer, *, authority: bool) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "House"),
                x509.NameAttribute(NameOID.COMMON_NAME, text),
            ]
        )

    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        not authority, False, False, False, False, authority, authority, False, False
    )
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = [
        issue("leaf", "root", leaf, root, authority=False),
        issue("root", "root", root, root, authority=True),
    ]
    encoding = serialization.Encoding.PEM
    key = leaf.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("keys") / "house.pem"
    path.write_bytes(key + b"".join(one.public_bytes(encoding) for one in chain))
    return path


def test_a_signed_picture_says_a_machine_made_it_and_is_still_replayed(
    pem: Path, settings: GenerateSettings, tmp_path: Path
) -> None:
    asked = settings.model_copy(update={"sign": pem})
    (look,) = render_looks(read_prompts(["a red hat"]), out=tmp_path, settings=asked)
    data = (tmp_path / look.file).read_bytes()
    with c2pa.Reader("image/png", io.BytesIO(data)) as reader:
        told = json.loads(reader.json())
    manifest = told["manifests"][told["active_manifest"]]
    assert told["validation_state"] == "Valid"
    assert manifest["title"] == look.file
    assert "trainedAlgorithmicMedia" in json.dumps(manifest["assertions"])
    assert replay_image(tmp_path / look.file).equal


def test_a_file_that_cannot_sign_is_told_before_anything_is_drawn(
    pem: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_signer(tmp_path / "none.pem")
    blocks = pem.read_text().split("-----BEGIN ")
    keyless = tmp_path / "keyless.pem"
    keyless.write_text("".join("-----BEGIN " + b for b in blocks[1:] if "PRIVATE" not in b))
    with pytest.raises(SettingsError, match="2 certificates and 0 private keys"):
        load_signer(keyless)
    broken = tmp_path / "broken.pem"
    broken.write_text(pem.read_text().replace("MII", "MIX"))
    with pytest.raises(SettingsError, match="cannot sign"):
        load_signer(broken)
