# SPDX-License-Identifier: MPL-2.0
"""The environment of the stack that is run. The one module of the config that knows Pulumi."""

import pulumi

from .environment import Environment
from .judge import judge


def load_environment() -> Environment:
    """The object under `andel:environment`, judged.

    Raises:
        Refusal: it breaks a rule; every mistake is named with its path.
    """
    return judge(pulumi.Config("andel").require_object("environment"))
