# SPDX-License-Identifier: MPL-2.0
"""Keys and certificates of one control plane: an authority of its own, made when the lab is made, never shared."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .files import write_private
from .node_addresses import EVERY_PLACE, NODE

LIFETIME = datetime.timedelta(days=3650)
"""Longer than any lab: nothing renews what is in it."""

SERVICE_IP = "10.96.0.1"
"""First address of the service range: the `kubernetes` Service."""

ADDRESSES = ("127.0.0.1", *(address for one in EVERY_PLACE for address in (one.kubernetes, one.machine, one.node)))
"""Where programs with the certificate `server` listen: on loopback, and with a node also where its pods ask."""

CLIENTS = {
    # The engine and whoever looks around with kubectl.
    "operator": ("andel-operator", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", None),
    "kube-scheduler": ("system:kube-scheduler", None),
    # KWOK plays every node, so it writes nodes, pods and leases of all of them.
    "kwok": ("andel-kwok", "system:masters"),
    # What runs on a real node.
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
    "kube-proxy": ("system:kube-proxy", None),
    "coredns": ("system:coredns", None),
    # The lab itself: definitions and nodes.
    "lab": ("andel-lab", "system:masters"),
}
"""Client certificates by file name: user and group as the API server sees them."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


def pair(folder: Path, name: str) -> Pair:
    """The files of a pair."""
    return Pair(folder / f"{name}.crt", folder / f"{name}.key")


def make(folder: Path) -> None:
    """Make all keys and certificates of a control plane, once. What is there already is kept: tokens stay valid."""
    if pair(folder, "lab").certificate.exists():
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    service_accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(folder / "service-accounts.key", _pem(service_accounts))
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    write_private(folder / "ca.crt", authority.public_bytes(serialization.Encoding.PEM))
    names = [x509.DNSName(name) for name in ("localhost", "kubernetes", "kubernetes.default.svc")]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    _issue(folder, "server", "andel-lab", None, authority, authority_key, [*names, *addresses])
    for name, (user, group) in CLIENTS.items():
        _issue(folder, name, user, group, authority, authority_key, [])


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "andel-lab-ca")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return (
        _builder(name, name, key.public_key(), key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _issue(
    folder: Path,
    name: str,
    user: str,
    group: str | None,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    alternatives: list[x509.GeneralName],
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        subject.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if alternatives else [])]
    builder = _builder(
        x509.Name(subject), authority.subject, key.public_key(), authority_key.public_key()
    ).add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    certificate = builder.sign(authority_key, hashes.SHA256())
    files = pair(folder, name)
    write_private(files.key, _pem(key))
    write_private(files.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, issuer_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    """What every certificate has. Python 3.13 and newer refuse one without key identifiers (RFC 5280, 4.2.1.1)."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
