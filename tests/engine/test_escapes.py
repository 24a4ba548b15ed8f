# SPDX-License-Identifier: MPL-2.0
"""Ways out of the walls, tried as a municipality's own account on a real API server.

Its program and pipeline are trusted, its config is not; here even a program of its own is tried: whatever that account
sends is refused. What only rights forbid passes for an administrator, so the request itself is good; what is forbidden
to everybody has a near miss that passes for the account.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.names import ACCOUNT
from config.scalars import amount
from tests.support.waiting import until

from .callers import Caller, in_namespace, thing
from .laboratory import Laboratory
from .ways_out import (
    ADMINISTRATOR,
    BEYOND_EVERYBODYS,
    BEYOND_ITS_RIGHTS,
    COUNTED,
    ELSEWHERE,
    HOME,
    KEY,
    RBAC,
    SPECS,
    TOKEN,
    WALLS,
    claim,
    restricted,
    service,
)


@pytest.fixture(scope="module")
def platform(new_lab: Callable[..., Laboratory]) -> Laboratory:
    """The platform of dev with its members' walls."""
    laboratory = new_lab("dev")
    laboratory.up()
    laboratory.deploy()
    return laboratory


@pytest.fixture(scope="module")
def account(platform: Laboratory) -> Caller:
    """The account of Aarhus, by a token that lasts an hour."""
    path = f"/api/v1/namespaces/{HOME}/serviceaccounts/{ACCOUNT}/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    return Caller(platform, platform.api.create(path, asked)["status"]["token"])


@pytest.fixture(scope="module")
def administrator(platform: Laboratory) -> Caller:
    """Who may do anything."""
    return Caller(platform)


@pytest.mark.parametrize("name", BEYOND_ITS_RIGHTS)
def test_rights_end_at_the_walls(name: str, account: Caller, administrator: Caller) -> None:
    method, path, body = BEYOND_ITS_RIGHTS[name]
    status, answer = account.status(method, path, body)
    assert status == 403, answer
    passed, answer = administrator.status(method, path, body)
    # Pods of an administrator are *restricted* too: that request is good, and refused by another wall.
    assert passed < 300 or "PodSecurity" in answer, answer


def test_nobody_is_impersonated(account: Caller) -> None:
    assert account.status("GET", "/api/v1/nodes", headers={"Impersonate-User": "andel-lab"})[0] == 403
    masters = {"Impersonate-User": "x", "Impersonate-Group": "system:masters"}
    assert account.status("GET", "/api/v1/nodes", headers=masters)[0] == 403


@pytest.mark.parametrize("name", BEYOND_EVERYBODYS)
def test_fields_that_reach_outside_are_refused(name: str, account: Caller) -> None:
    plural, body, why, near = BEYOND_EVERYBODYS[name]
    path = in_namespace(HOME, plural, "/apis/apps/v1" if plural == "deployments" else "/api/v1")
    status, answer = account.status("POST", path, body)
    assert status == 403, answer
    assert why in answer
    passed, answer = account.status("POST", path, near)
    assert passed < 300, answer


def test_a_claim_takes_no_disk_by_its_name_later_but_the_volume_binder_gives_it_one(
    account: Caller, platform: Laboratory
) -> None:
    """Kubernetes lets `volumeName` be written once onto a claim that waits."""
    path = in_namespace(HOME, "persistentvolumeclaims")
    api = platform.api
    api.create(path, {**claim(storageClassName="waiting"), "metadata": {"name": "waits"}})
    status, answer = account.status("PATCH", f"{path}/waits", {"spec": {"volumeName": "pv-of-odense"}})
    assert status == 403, answer
    assert "somebody else's" in answer
    assert account.status("PATCH", f"{path}/waits", {"metadata": {"annotations": {"x": "y"}}})[0] == 200
    volume = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "waiting",
        "csi": {"driver": "none.example", "volumeHandle": "h"},
    }
    api.create("/api/v1/persistentvolumes", thing("PersistentVolume", name="made", spec=volume))
    until(lambda: bound(platform, f"{path}/waits") == "made")
    # A claim that is bound can still be changed by who owns it.
    assert account.status("PATCH", f"{path}/waits", {"metadata": {"annotations": {"x": "y"}}})[0] == 200
    api.delete(f"{path}/waits")
    api.delete("/api/v1/persistentvolumes/made")


def test_no_disk_is_filled_out_of_a_neighbours(account: Caller) -> None:
    """Admission refuses it where the API server knows the field at all (CrossNamespaceVolumeDataSource)."""
    path = in_namespace(HOME, "persistentvolumeclaims")
    status, answer = account.status("POST", path, claim(dataSourceRef=ELSEWHERE))
    assert status == 403 or "dataSourceRef" not in json.loads(answer)["spec"]


def bound(platform: Laboratory, path: str) -> str | None:
    """The volume of a claim."""
    name: str | None = (platform.api.get(path) or {"spec": {}})["spec"].get("volumeName")
    return name


STAFF = "everything-here"


@pytest.fixture(scope="module")
def staff(platform: Laboratory) -> Caller:
    """Who was given every right in the namespace of Aarhus, by mistake or in good faith."""
    accounts = in_namespace(HOME, "serviceaccounts")
    platform.api.create(accounts, thing("ServiceAccount", name=STAFF))
    subjects = [{"kind": "ServiceAccount", "name": STAFF, "namespace": HOME}]
    given = thing("RoleBinding", "rbac.authorization.k8s.io/v1", name=STAFF, subjects=subjects, roleRef=ADMINISTRATOR)
    platform.api.create(in_namespace(HOME, "rolebindings", RBAC), given)
    token = platform.api.create(f"{accounts}/{STAFF}/token", TOKEN)["status"]["token"]
    caller = Caller(platform, token)
    until(lambda: caller.status("GET", in_namespace(HOME, "resourcequotas"))[0] == 200)
    return caller


@pytest.mark.parametrize("name", WALLS)
def test_walls_stand_whatever_rights_somebody_has_in_the_namespace(
    name: str, staff: Caller, account: Caller, administrator: Caller
) -> None:
    path, change = WALLS[name]
    for method, body in (("DELETE", None), ("PATCH", change)):
        status, answer = staff.status(method, path, body)
        assert status == 403, answer
        assert "the platform's to change" in answer
        assert account.status(method, path, body)[0] == 403
        passed, answer = administrator.status(method, path, body)
        assert passed < 300, answer
    if not path.startswith(RBAC):
        added = {**(administrator.laboratory.api.get(path) or {}), "metadata": {"name": "another"}}
        status, answer = staff.status("POST", path.rpartition("/")[0], added)
        assert status == 403, answer


def test_rights_of_its_own_staff_are_the_accounts_to_change(account: Caller) -> None:
    """What keeps walls lets furniture be moved."""
    role = thing("Role", "rbac.authorization.k8s.io/v1", rules=[])
    status, answer = account.status("POST", in_namespace(HOME, "roles", RBAC), role)
    assert status == 201, answer


@pytest.mark.parametrize("kind", COUNTED)
def test_no_kind_is_without_an_end(kind: str, account: Caller, platform: Laboratory) -> None:
    """Filled up for real, to what the quota says; one more is refused. A hundred applications' keys have room."""
    path, one = COUNTED[kind]
    passed, answer = account.status("POST", path, one)
    assert passed == 201, answer
    counted, api = f"count/{kind}", platform.api
    room = api.get(in_namespace(HOME, "resourcequotas/room")) or {}
    left = int(amount(room["spec"]["hard"][counted]) - amount(room["status"]["used"][counted]))
    assert left >= (850 if kind == "secrets" else 15)
    names = [f"{number}-of-many" for number in range(left + SLACK)]
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: api.create(path, {**one, "metadata": {"name": name}}), names[:left]))
        for name in names[left:]:
            refused, answer = account.status("POST", path, one)
            if refused == 403:
                break
            api.create(path, {**one, "metadata": {"name": name}})
        assert refused == 403, answer
        assert counted in answer
    finally:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: api.delete(f"{path}/{name}"), names))


SLACK = 100
"""Objects past the room: the quota's controller counts anew what it knows of while others are still being made."""


@pytest.mark.parametrize("name", SPECS)
def test_no_pod_of_a_hostile_deployment_comes_to_be(name: str, administrator: Caller) -> None:
    """The Deployment's controller asks for its pods; whoever asks gets the same answer, so an administrator's is it."""
    spec, why = SPECS[name]
    status, answer = administrator.status("POST", in_namespace(HOME, "pods"), thing("Pod", spec=spec))
    assert status == 403, answer
    assert why in answer
    good = thing("Pod", spec={"containers": [restricted()]})
    assert administrator.status("POST", in_namespace(HOME, "pods"), good)[0] < 300


def test_what_it_may_do_it_does(account: Caller, platform: Laboratory) -> None:
    """Walls that refuse everything would pass every test above."""
    until(lambda: account.status("GET", in_namespace(HOME, "secrets"))[0] == 200)
    for plural, body in (("secrets", KEY), ("configmaps", thing("ConfigMap")), ("services", service())):
        status, answer = account.status("POST", in_namespace(HOME, plural), body)
        assert status == 201, answer


def test_a_members_namespace_still_goes_with_its_walls(platform: Laboratory) -> None:
    """Last in this file. What keeps walls lets the controllers of the cluster pass, which empty a namespace."""
    path = "/api/v1/namespaces/andel-m-samso"
    assert platform.api.get(path)
    platform.api.delete(path)
    until(lambda: platform.api.get(path) is None, 90)
