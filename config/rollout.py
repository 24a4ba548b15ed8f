# SPDX-License-Identifier: MPL-2.0
"""Section `rollout`: when a change counts as done."""

from pydantic import StrictBool

from .section import Section


class Rollout(Section):
    """How `up` goes from what stands to what is asked for."""

    wait_for_models: StrictBool = True
    """Whether a model must answer before its route goes to it, for `loadSeconds` at most. A model that moves to another
    serving kind then never leaves its route without pods: the old one goes when the new one has its place."""
