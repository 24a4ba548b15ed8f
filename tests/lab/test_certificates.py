# SPDX-License-Identifier: MPL-2.0
"""The lab's keys: TLS as kube-apiserver, etcd and every Python from 3.11 judge it."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from andel.lab import certificates
from andel.lab.certificates import CLIENTS, pair


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of one control plane."""
    made = tmp_path_factory.mktemp("lab") / "certificates"
    certificates.make(made)
    return made


def read(file: Path) -> x509.Certificate:
    """A certificate file."""
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_nobody_else_can_read_a_key(folder: Path) -> None:
    """Anyone with a client key is cluster administrator."""
    assert folder.stat().st_mode & 0o077 == 0
    assert {file.name: file.stat().st_mode & 0o077 for file in folder.iterdir() if file.stat().st_mode & 0o077} == {}


@pytest.mark.parametrize("user", CLIENTS)
def test_a_client_is_who_the_api_server_takes_it_for(folder: Path, user: str) -> None:
    """Kubernetes reads the user from the common name and groups from organizations (X509 client certificates)."""
    name, group = CLIENTS[user]
    subject = read(pair(folder, user).certificate).subject
    assert [value.value for value in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [name]
    groups = [value.value for value in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert groups == ([group] if group else [])


def handshake(folder: Path, client: str, flags: int, name: str = "127.0.0.1") -> None:
    """A TLS handshake in memory between the API server's certificate and a client's, each verifying the other."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED
    user = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for context, one in ((server, pair(folder, "server")), (user, pair(folder, client))):
        context.load_cert_chain(one.certificate, one.key)
        context.load_verify_locations(folder / "ca.crt")
        context.verify_flags |= flags
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        user.wrap_bio(to_client, to_server, server_hostname=name),
    ]
    done = [False, False]
    while not all(done):
        for index in (1, 0):
            try:
                ends[index].do_handshake()
                done[index] = True
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "kubernetes.default.svc", certificates.SERVICE_IP, "10.103.0.1", "10.128.0.1"]
)
def test_both_sides_of_a_connection_accept_each_other(folder: Path, client: str, name: str) -> None:
    """Python 3.13 made X509_STRICT the default: RFC 5280's key identifiers and critical flags are asked for."""
    handshake(folder, client, ssl.VERIFY_X509_STRICT, name)


def test_a_name_that_is_not_the_servers_is_refused(folder: Path) -> None:
    """Else the test above would pass with any certificate."""
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        handshake(folder, "operator", 0, "elsewhere.example")


def test_another_labs_client_is_refused(folder: Path, tmp_path: Path) -> None:
    """Every control plane has an authority of its own."""
    certificates.make(tmp_path / "other")
    for suffix in ("crt", "key"):
        (tmp_path / "other" / f"server.{suffix}").write_bytes((folder / f"server.{suffix}").read_bytes())
    (tmp_path / "other" / "ca.crt").write_bytes((folder / "ca.crt").read_bytes())
    with pytest.raises(ssl.SSLError):
        handshake(tmp_path / "other", "operator", 0)


def test_service_accounts_have_a_key_of_their_own(folder: Path) -> None:
    """kube-apiserver signs tokens with it; a new one would make every token invalid."""
    assert load_pem_private_key((folder / "service-accounts.key").read_bytes(), None)


def test_making_them_again_keeps_them(folder: Path) -> None:
    """An `up` on a lab that runs must not take its keys away."""
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    certificates.make(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_run_that_was_killed_half_way_is_made_whole(tmp_path: Path) -> None:
    """A certificate of an authority whose successor is trusted would be refused by everybody."""
    certificates.make(tmp_path)
    pair(tmp_path, "lab").certificate.unlink()
    certificates.make(tmp_path)
    for user in CLIENTS:
        handshake(tmp_path, user, 0)


def test_they_outlive_a_lab(folder: Path) -> None:
    """Nothing renews them; they count from a little before now, since clocks of two programs may differ."""
    now = datetime.datetime.now(datetime.UTC)
    for file in folder.glob("*.crt"):
        certificate = read(file)
        assert certificate.not_valid_before_utc < now
        assert datetime.timedelta(days=3600) < certificate.not_valid_after_utc - now < datetime.timedelta(days=3660)
