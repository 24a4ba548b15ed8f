# SPDX-License-Identifier: MPL-2.0
"""Months that lie across the end of the limiter's year.

A month is counted under its own name in a window of a year, and the limiter's year is 365 days from 1970: it ends on
18 December 2026, in the middle of a month, whose counters would begin anew. A CronJob carries them over, in the first
minutes of the new window: what stood in the old counter is added to the new one, once. It is one script that Valkey
runs without anything between its lines, and it marks what it has done in the same step: it may run twice, or late.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..metadata import metadata
from .rules import DOMAIN
from .workload import container, labels, mount, pod, secret

CARRY = "limits-carry-over"
"""Name of the CronJob, and of its script."""

WINDOW = 365 * 86_400
"""Seconds of the limiter's year (source: envoyproxy/ratelimit, utils.UnitToDivider)."""

SCHEDULE = "*/10 * 12-20 12 *"
"""Every ten minutes of the days on which a window can begin: 18 December in 2026, a day earlier with each leap year."""

SCRIPT = f"""\
-- KEYS: none. ARGV: now, in seconds, and the month that is open.
local now, month, window = tonumber(ARGV[1]), ARGV[2], {WINDOW}
local begin = now - now % window
local function stamp(seconds) return string.format('%d', seconds) end
local ended = '{DOMAIN}_*_' .. month .. '_*-method_' .. stamp(begin - window)
if now - begin > 3 * 86400 then return 0 end
local carried, cursor = 0, '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ended, 'COUNT', 1000)
  cursor = page[1]
  for _, old in ipairs(page[2]) do
    local new = string.gsub(old, '%d+$', stamp(begin))
    if redis.call('SET', 'carried_' .. new, '1', 'NX', 'EX', 30 * 86400) then
      redis.call('INCRBY', new, redis.call('GET', old))
      redis.call('EXPIRE', new, window)
      carried = carried + 1
    end
  end
until cursor == '0'
return carried
"""
"""Lua of Valkey."""


@dataclass(frozen=True, kw_only=True)
class TurnOfYearArgs:
    """Which store."""

    namespace: str
    """Namespace of the job."""

    store: str
    """Host and port of the store."""

    store_secret: str
    """Secret with the certificate to show it."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class TurnOfYear(pulumi.ComponentResource):
    """The script and the CronJob that runs it."""

    def __init__(self, name: str, args: TurnOfYearArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:TurnOfYear", name, None, opts)
        placed = metadata(CARRY, args.namespace, labels=labels(CARRY))
        kubernetes.core.v1.ConfigMap(
            f"{name}-script", metadata=placed, data={"carry.lua": SCRIPT}, opts=pulumi.ResourceOptions(parent=self)
        )
        kubernetes.batch.v1.CronJob(
            name, metadata=placed, spec=cron_job(args), opts=pulumi.ResourceOptions(parent=self)
        )
        self.register_outputs({})


def cron_job(args: TurnOfYearArgs) -> dict[str, Any]:
    """A job every ten minutes; the shell is there for the clock alone."""
    host, port = args.store.rsplit(":", 1)
    tls = "--tls --cert /store/tls.crt --key /store/tls.key --cacert /store/ca.crt"
    one = container(
        CARRY,
        args.images["valkey"],
        "64Mi",
        "10m",
        command=["sh", "-ec"],
        args=[
            f'exec valkey-cli -e -h {host} -p {port} {tls} --eval /script/carry.lua , "$(date +%s)" "$(date -u +%Y-%m)"'
        ],
        volumeMounts=[mount("store", "/store"), mount("script", "/script")],
    )
    volumes = [secret("store", args.store_secret), {"name": "script", "configMap": {"name": CARRY}}]
    job = pod(CARRY, [one], volumes, restartPolicy="Never")
    return {
        "schedule": SCHEDULE,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {"backoffLimit": 2, "activeDeadlineSeconds": 120, "ttlSecondsAfterFinished": 3600, "template": job}
        },
    }
