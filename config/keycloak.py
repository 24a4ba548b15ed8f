# SPDX-License-Identifier: MPL-2.0
"""Section `keycloak`: a Keycloak of the platform's, for members without an issuer of their own."""

from typing import Literal

from .scalars import DnsLabel, Hostname, ObjectName
from .section import Section


class Keycloak(Section):
    """An existing Keycloak by its operator, on the cluster of applications: a realm for each member that asks."""

    host: Hostname
    """Where people sign on: a member's issuer is `https://<host>/realms/<slug>`."""

    name: ObjectName = "keycloak"
    """The Keycloak object."""

    namespace: DnsLabel = "keycloak"
    """Its namespace."""

    version: Literal["v2alpha1", "v2beta1"] = "v2beta1"
    """Version of the operator's API: `v2beta1` with Keycloak 26.6 and newer, `v2alpha1` before."""

    def issuer(self, realm: str) -> str:
        """A realm as its tokens name it."""
        return f"https://{self.host}/realms/{realm}"
