# SPDX-License-Identifier: MPL-2.0
"""Settings by which a municipality would break out: refused ones, tricks of YAML, and ones that do nothing.

Edits are of the stack file of Aarhus on dev. What is refused has the path of the mistake and words of the refusal.
"""

from typing import Any

NEIGHBOUR = "odense"
LOGIN = "chat.signOn.issuer"
JOURNAL = "applications.journal.generation"
RETIRED = "applications.journal.retire[0].until"

REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    # Whose it is, and where it stands.
    "a neighbour's slug": ({"slug": NEIGHBOUR}, "slug", "the stack is dev-aarhus"),
    "a slug that is a path": ({"slug": "../andel-gateway"}, "slug", "wrong form"),
    "a slug that looks like its own": ({"slug": "\u0430arhus"}, "slug", "wrong form"),  # a Cyrillic letter
    "a slug that is read from the right": ({"slug": "\u202esuhraa"}, "slug", "wrong form"),
    "a slug with an end of its own": ({"slug": "aarhus\x00-odense"}, "slug", "wrong form"),
    "a slug of two lines": ({"slug": "aarhus\n"}, "slug", "wrong form"),
    "a slug that YAML takes for false": ({"slug": False}, "slug", "not a text"),
    "another platform": ({"platform": "organization/andel/prod"}, "slug", "the stack is dev-aarhus"),
    "a platform out of a file": ({"platform": "file:///etc/passwd"}, "platform", "wrong form"),
    "a context that is a path": ({"clusters.gpu.context": "../../root/.kube/config"}, "clusters.gpu.context", "form"),
    "a context that is a command": ({"clusters.gpu.context": "andel-dev; id"}, "clusters.gpu.context", "wrong form"),
    "a cluster that isn't its own": (
        {"clusters.application": {"context": "andel-prod"}},
        "clusters.application",
        "one cluster for all",
    ),
    "a namespace": ({"namespace": "andel-gateway"}, "namespace", "unknown setting"),
    "a plan": ({"tier": "plus"}, "tier", "unknown setting"),
    "ways out": ({"egress": [{"cidr": "0.0.0.0/0"}]}, "egress", "unknown setting"),
    "labels": ({"labels": {"andel/municipality": NEIGHBOUR}}, "labels", "unknown setting"),
    "annotations": ({"chat.annotations": {"a/b": "c"}}, "chat.annotations", "unknown setting"),
    "a host": ({"chat.host": "api.dev.andel.example"}, "chat.host", "unknown setting"),
    "an image": ({"chat.image": "registry.example/evil"}, "chat.image", "unknown setting"),
    "variables": ({"chat.env": {"LD_PRELOAD": "/x"}}, "chat.env", "unknown setting"),
    "a command": ({"chat.command": ["sh", "-c", "id"]}, "chat.command", "unknown setting"),
    # Whose Secrets.
    "a Secret of a neighbour": (
        {"chat.database": {"namespace": "andel-m-odense", "name": "chat-database", "key": "uri"}},
        "chat.database.namespace",
        "unknown setting",
    ),
    "a Secret by a path": ({"chat.database.name": "../andel-m-odense/chat-database"}, "chat.database.name", "form"),
    "a key of a Secret that is a path": ({"chat.sessionKey.key": "../../etc/shadow"}, "chat.sessionKey.key", "form"),
    "a secret in the open": (
        {"chat.signOn.clientId": "sk-aaaaaaaaaaaaaaaaaaaaaaaa"},
        "chat.signOn.clientId",
        "plain text",
    ),
    # Signs to whatever reads a text later.
    "a title that asks for a Secret": ({"chat.title": "$(DATABASE_URL)"}, "chat.title", "wrong form"),
    "a title that asks a shell": ({"chat.title": "`id`"}, "chat.title", "wrong form"),
    "a title that asks a shell's variable": ({"chat.title": "${DATABASE_URL}"}, "chat.title", "wrong form"),
    "a title of Go's templates": ({"chat.title": "{{ .Values.secret }}"}, "chat.title", "wrong form"),
    "a title of Jinja's": ({"chat.title": "{% include '/etc/passwd' %}"}, "chat.title", "wrong form"),
    "a title that is a format": ({"chat.title": "{0.__class__.__init__.__globals__}"}, "chat.title", "wrong form"),
    "a title of old formats": ({"chat.title": "%(DATABASE_URL)s"}, "chat.title", "wrong form"),
    "a title that is a page": ({"chat.title": "<script>alert(1)</script>"}, "chat.title", "wrong form"),
    "a title of two lines": ({"chat.title": "Chat\nDATABASE_URL=x"}, "chat.title", "wrong form"),
    "a title with an end of its own": ({"chat.title": "Chat\x00"}, "chat.title", "wrong form"),
    "a title that steers a terminal": ({"chat.title": "\x1b[2JChat"}, "chat.title", "wrong form"),
    "a title that is read from the right": ({"chat.title": "\u202etahC"}, "chat.title", "wrong form"),
    "a title that nobody sees": ({"chat.title": "Aarhus\u200bChat"}, "chat.title", "wrong form"),
    "a title that looks like a neighbour's": ({"chat.title": "\u041edense"}, "chat.title", "wrong form"),
    "a title under a heap of marks": ({"chat.title": "C" + "\u0300" * 90}, "chat.title", "wrong form"),
    "a title without an end": ({"chat.title": "x" * 100_000}, "chat.title", "too long"),
    "a button that asks for a Secret": ({"chat.signOn.name": "$(DATABASE_URL)"}, "chat.signOn.name", "wrong form"),
    # Who signs on.
    "an issuer over plain HTTP": ({LOGIN: "http://169.254.169.254/latest"}, LOGIN, "wrong form"),
    "an issuer that is a file": ({LOGIN: "file:///etc/passwd"}, LOGIN, "wrong form"),
    "an issuer with a password": ({LOGIN: "https://a:b@login.example"}, LOGIN, "plain text"),
    "an issuer that is somebody else's after an @": ({LOGIN: "https://login@evil.example"}, LOGIN, "wrong form"),
    "an issuer with a query": ({LOGIN: "https://login.example/?next=https://evil.example"}, LOGIN, "wrong form"),
    "everybody's mail": ({"chat.signOn.domains": ["*"]}, "chat.signOn.domains[0]", "wrong form"),
    "a role that is two": ({"chat.signOn.userRoles": ["a,*"]}, "chat.signOn.userRoles[0]", "wrong form"),
    "the cluster's masters": ({"staff.operators": ["system:masters"]}, "staff.operators[0]", "the cluster's own"),
    "everybody signed on": ({"staff.viewers": ["system:authenticated"]}, "staff.viewers[0]", "the cluster's own"),
    "every group": ({"staff.viewers": ["*"]}, "staff.viewers[0]", "wrong form"),
    "mail with a header": ({"contacts.technical": "a@b.dk\nBcc: all@b.dk"}, "contacts.technical", "wrong form"),
    # Keys.
    "an application by a path": ({"applications": {"../odense": {}}}, "applications.../odense", "wrong form"),
    "an application that looks like another": (
        {"applications": {"\u0458ournal": {}}},
        "applications.\u0458ournal",
        "form",
    ),
    "the chat's own application": ({"applications": {"chat": {}}}, "applications.chat", "the chat's own key"),
    "more applications than have room": (
        {"applications": {f"a{number}": {} for number in range(101)}},
        "applications",
        "too many",
    ),
    "a number beyond all": ({JOURNAL: 10**33}, JOURNAL, "range"),
    "a number that is none": ({JOURNAL: "1e3"}, JOURNAL, "text"),
    "a class of its own": (
        {"applications.journal.dataClass": "public; personal"},
        "applications.journal.dataClass",
        "",
    ),
    "memory without an end": ({"chat.memory": "9" * 40 + "Ti"}, "chat.memory", "not a quantity"),
    "memory below nothing": ({"chat.memory": "-1Gi"}, "chat.memory", "not a quantity"),
}
"""For each: edits, the path of the mistake, and words of it."""

SAME = "same"
"""What is read is what the file says without the trick."""

UNREADABLE = "unreadable"
"""The engine reads no such file."""

TITLE = "title: AarhusChat"
SLUG = "    slug: aarhus\n"
LAST = "      dataProtection: dpo@aarhus.example\n"
NUMBER = "generation: 2,"
BOMB = "".join(
    f"    {name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

TRICKS: dict[str, tuple[str, str, str, str]] = {
    "a key twice": (SLUG, f"    slug: {NEIGHBOUR}\n{SLUG}", "slug", UNREADABLE),
    "a merged mapping": (TITLE, f"{TITLE}\n      <<: {{title: Other}}", "chat.<<", SAME),
    "a setting by its anchor": (SLUG, "    slug: &own aarhus\n    x: *own\n", "", "x"),
    "a billion laughs": (SLUG, f"{SLUG}    a: &a [x, x, x, x, x, x, x, x, x, x]\n{BOMB}", "", UNREADABLE),
    "an object of Python's": (TITLE, "title: !!python/object/apply:os.system [id]", "chat.title", "chat.title"),
    "a name of Python's": (TITLE, "title: !!python/name:os.system", "chat.title", "chat.title"),
    "a text in disguise": (TITLE, "title: !!binary JChEQVRBQkFTRV9VUkwp", "chat.title", "chat.title"),
    "a tag of its own": (TITLE, "title: !Secret '$(DATABASE_URL)'", "chat.title", "chat.title"),
    "a second document": (LAST, f"{LAST}---\nconfig: {{}}\n", "", SAME),
    "levels without an end": (TITLE, f"title: {'[' * 5000}{']' * 5000}", "", "andel:municipality"),
    "levels that can just be read": (TITLE, f"title: {'[' * 800}{']' * 800}", "", "chat.title"),
    "a secret of the engine's": (TITLE, "title: {secure: v1:AAAAAAAAAAA=:AAAA}", "chat.title", UNREADABLE),
    "an end of its own": (TITLE, "title: Aarhus\x00Chat", "", UNREADABLE),
    "an end of its own, written out": (TITLE, 'title: "Aarhus\\0Chat"', "chat.title", "chat.title"),
    "a number in eights": (NUMBER, "generation: 0o2,", JOURNAL, SAME),
    "a number in sixties": (NUMBER, "generation: 1:30,", SAME, JOURNAL),
    "a number with an exponent": (NUMBER, "generation: 2e0,", JOURNAL, SAME),
    "a number beyond all": (NUMBER, f"generation: {10**33},", JOURNAL, JOURNAL),
    "an endless number": (NUMBER, "generation: .inf,", JOURNAL, UNREADABLE),
    "no for a name": (SLUG, "    slug: no\n", "slug", "slug"),
    "a list for a name": (SLUG, f"{SLUG}    ? [a, b]\n    : c\n", "", UNREADABLE),
    "a time without quotes": (
        '"2027-01-31T12:00:00Z"',
        "2027-01-31T12:00:00Z",
        RETIRED,
        RETIRED,
    ),
    "another's environment": (
        "config:\n",
        "environment: [odense]\nconfig:\n",
        "environment",
        UNREADABLE,
    ),
    "the platform's settings beside its own": (
        "  andel:municipality:\n",
        "  andel:environment: {release: {name: x}}\n  andel:municipality:\n",
        "config.andel:municipality",
        SAME,
    ),
    "default providers": ('["*"]', "[]", "config.pulumi:disable-default-providers", SAME),
}
"""For each: what stands in the file, what takes its place, and the path of the mistake: as the command `andel check`
reads the file, and as the engine gives it to the program. The two are different readers of YAML."""

HARMLESS: dict[str, dict[str, Any]] = {
    "aarhus": {
        LOGIN: "https://169.254.169.254/latest/meta-data",
        "chat.title": "Aarhus (Københavns & Mühlhausens): 100 år!",
        "chat.database": {"name": "andel-edge-tls", "key": "tls.key"},
        "chat.sessionKey": {"name": "edge-chat-1", "key": "api_key"},
        "chat.signOn.clientId": "a/../../odense",
        "chat.signOn.adminRoles": ["system:masters"],
        "chat.storageClass": "of-nobody",
        "staff.operators": ["oidc:odense-it", "System:masters", "system-masters"],
        "staff.viewers": ["andel-m-odense:andel-stack"],
        "applications": {"odense": {}, "andel-stack": {}, "kube-root-ca": {}, "edge": {"generation": 100_000}},
        "contacts.technical": "root@localhost.localdomain",
    },
    "ringkobing-skjern": {
        LOGIN: "https://login.dev.andel.example/realms/odense",
        "chat.memory": "999Ti",
        "chat.cpu": "999999999999",
        "chat.signOn.domains": ["odense.example"],
        "chat.signOn.userRoles": ["chat-admin"],
    },
    "samso": {"applications": {"default": {"expires": "9999-12-31T23:59:59Z"}}},
}
"""Settings that are judged good, whatever they hope for, by municipality: one run of the engine holds all of one's."""

BESIDE = {
    "kubernetes:context": "andel-dev",
    "kubernetes:namespace": "andel-gateway",
    "kubernetes:deleteUnreachable": "true",
    "andel-municipality:slug": NEIGHBOUR,
    "random:x": "y",
}
"""Settings of other packages in the same file. One more is a kubeconfig of an administrator."""
