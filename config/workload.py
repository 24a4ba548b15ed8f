# SPDX-License-Identifier: MPL-2.0
"""What a model puts on a pool: sets of equal pods, as the fit counts them."""

from dataclasses import dataclass
from decimal import Decimal

from .section import Path


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Equal replicas of a model, or of its prefill part."""

    path: Path
    """Where it is declared, below the model."""

    gpus: int
    """Shares of the pool for one pod; 0 on cores alone."""

    pods: int = 1
    """Pods of one replica, each on a node of its own."""

    split: int = 1
    """GPUs over which one copy of the weights is divided."""

    least: int
    """Replicas that always stand."""

    most: int
    """Replicas that stand at most."""

    cpu: str
    """Cores of one pod."""

    memory: str
    """Main memory of one pod."""

    utilization: Decimal
    """Part of a share's memory that the engine may use."""

    @property
    def shares(self) -> int:
        """Shares of the pool that are always spoken for."""
        return self.gpus * self.pods * self.least

    @property
    def most_shares(self) -> int:
        """Shares of the pool at the highest load."""
        return self.gpus * self.pods * self.most
