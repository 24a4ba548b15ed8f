# SPDX-License-Identifier: MPL-2.0
"""Names that the platform and the municipalities' stacks share."""

SYSTEM = "andel-system"
"""Namespace of the platform's own settings."""

GATEWAY = "andel-gateway"
"""Namespace of the gateways and of the routes to every model."""

SERVING = "andel-serving"
"""Namespace of all models."""

LABEL = "andel"
"""Prefix of the platform's labels and annotations, as in `andel/model`."""

MEMBER = "andel-m-"
"""Beginning of the names of a municipality's namespaces; its slug follows."""

MUNICIPALITY = f"{LABEL}/municipality"
"""Label of a municipality's namespaces: its slug."""

ACCOUNT = "andel-stack"
"""Service account of a municipality's namespace, as which its own stack runs."""

CHAT = "chat"
"""Service and application of a municipality's chat interface."""

CHAT_PORT = 8080
"""Port on which it answers."""

APPLICATION_KEY = f"{LABEL}/application-key"
"""Label of the Secrets that are keys: its value is the application."""

KEY_EXPIRES = f"{LABEL}/expires"
"""Annotation of such a Secret: a key is refused from this time on (RFC 3339)."""

KEY_DATA_CLASS = f"{LABEL}/data-class"
"""Annotation of such a Secret: class of all data that come with the key, whatever requests say."""

KEY_MODELS = f"{LABEL}/models"
"""Annotation of such a Secret: models that the key may use, with commas between. Without it, all of the plan."""

KEY_OVERFLOW = f"{LABEL}/overflow"
"""Annotation of such a Secret: whether the key's requests may leave the platform. Only the next value says yes."""

OVERFLOW_ALLOWED = "allowed"
"""Value of that annotation, and of the header that is made of it, without which nothing leaves."""

FIGURES_PATH = "/figures"
"""Path at the edge below which municipalities ask Prometheus for their own figures."""
