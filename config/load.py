# SPDX-License-Identifier: MPL-2.0
"""The settings of the stack that is run. The one module of the config that knows Pulumi."""

import pulumi


def load_document() -> object:
    """The object under `andel:environment`, as it is written: nothing has judged it yet."""
    return pulumi.Config("andel").require_object("environment")
