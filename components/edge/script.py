# SPDX-License-Identifier: MPL-2.0
"""What no policy of Envoy Gateway can say, in a short Lua script (EnvoyExtensionPolicy, Envoy Gateway 1.8).

On the way in, after the AI Gateway has found the model: the rank of the request, whose name has model and band. And how
long an answer may be: a request that asks for more is refused, one that asks for nothing gets the tier's most.
On the way out: a refusal says when to come back and what it was, in the form of OpenAI's errors. Envoy's limiter tells
the seconds until its window ends (`x-ratelimit-reset`); a month's window is a year, so there its end is told instead.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import GATEWAY
from config.tiers import Tier

from ..metadata import metadata
from .headers import BAND, MODEL, TIER

LIMITED = "rate_limit_exceeded"
"""Code of a refusal past a limit."""


@dataclass(frozen=True, kw_only=True)
class EdgeScriptArgs:
    """What the script knows."""

    gateway: str
    """Name of the Gateway."""

    objective_header: str
    """Header of the release's picker that names a rank."""

    ranked: Mapping[str, str]
    """Model whose ranks a public name has, for models that a picker serves."""

    tiers: Mapping[str, Tier]
    """The plans."""


class EdgeScript(pulumi.ComponentResource):
    """The policy that carries it."""

    def __init__(self, name: str, args: EdgeScriptArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:EdgeScript", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="EnvoyExtensionPolicy",
            metadata=metadata("edge-script", GATEWAY),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: EdgeScriptArgs) -> dict[str, Any]:
    """The policy, on every route of the Gateway."""
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": args.gateway}],
        "lua": [{"type": "Inline", "inline": script(args)}],
    }


def table(values: Mapping[str, str | int]) -> str:
    """A table of Lua. Keys and values come from forms without quotes; JSON's strings of them are Lua's."""
    return "{" + ", ".join(f"[{json.dumps(key)}] = {json.dumps(value)}" for key, value in sorted(values.items())) + "}"


def script(args: EdgeScriptArgs) -> str:
    """The script."""
    longest = {name: tier.output_tokens for name, tier in args.tiers.items()}
    settings = {
        "RANKED": table(args.ranked),
        "LONGEST": table(longest),
        "OBJECTIVE": json.dumps(args.objective_header),
        "MODEL": json.dumps(MODEL),
        "BAND": json.dumps(BAND),
        "TIER": json.dumps(TIER),
        "CODE": json.dumps(LIMITED),
    }
    head = "\n".join(f"local {name} = {value}" for name, value in settings.items())
    return f"{head}\n{BODY}"


BODY = r"""
-- Fields of the outermost object alone: a prompt that holds "max_tokens" asks for nothing.
local function field(text, name)
  local depth, at, length = 0, 1, #text
  while at <= length do
    local mark = text:sub(at, at)
    if mark == '"' then
      local from = at + 1
      at = from
      while at <= length and text:sub(at, at) ~= '"' do
        if text:sub(at, at) == "\\" then at = at + 1 end
        at = at + 1
      end
      if depth == 1 and text:sub(from, at - 1) == name then
        local value = text:match("^%s*:%s*(-?[%d%.eE+-]+)", at + 1)
        if value then return tonumber(value) end
        if text:match("^%s*:%s*null", at + 1) then return nil end
      end
    elseif mark == "{" or mark == "[" then
      depth = depth + 1
    elseif mark == "}" or mark == "]" then
      depth = depth - 1
    end
    at = at + 1
  end
  return nil
end

local NAMES = {
  ["/v1/chat/completions"] = {"max_completion_tokens", "max_tokens"},
  ["/v1/completions"] = {"max_tokens"},
  ["/v1/responses"] = {"max_output_tokens"},
}

local function refuse(handle, status, code, message)
  local body = '{"error": {"message": "' .. message .. '", "type": "invalid_request_error", "param": null, "code": "'
    .. code .. '"}}'
  handle:respond({[":status"] = status, ["content-type"] = "application/json"}, body)
end

local function bound(handle, headers, names, longest)
  local buffer = handle:body()
  if not buffer then return end
  local text = buffer:getBytes(0, buffer:length())
  local asked = false
  for _, name in ipairs(names) do
    local value = field(text, name)
    if value then
      asked = true
      if value > longest then
        refuse(handle, "400", "answer_too_long", name .. " is above the " .. longest .. " tokens of this plan")
        return
      end
    end
  end
  local first = text:find("{", 1, true)
  if asked or not first then return end
  local rest = text:sub(first + 1)
  local comma = rest:match("^%s*}") and "" or ", "
  local written = '{"' .. names[1] .. '": ' .. longest .. comma .. rest
  buffer:setBytes(written)
  headers:replace("content-length", tostring(#written))
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local model, band, tier = headers:get(MODEL), headers:get(BAND), headers:get(TIER)
  if model and band and RANKED[model] then
    headers:replace(OBJECTIVE, RANKED[model] .. "-" .. band)
  end
  local path = headers:get(":path") or ""
  local names = NAMES[path:match("^[^?]*")]
  if names and tier and LONGEST[tier] and headers:get(":method") == "POST" then
    bound(handle, headers, names, LONGEST[tier])
  end
end

local DAY = 86400

local function to_the_end_of_the_month()
  local now = os.time()
  local today = os.date("!*t", now)
  local first = {year = today.year, month = today.month + 1, day = 1, hour = 0}
  if first.month == 13 then first.year, first.month = today.year + 1, 1 end
  -- Both are read as local time, so its offset cancels out.
  return os.difftime(os.time(first), os.time({
    year = today.year, month = today.month, day = today.day, hour = today.hour, min = today.min, sec = today.sec,
  }))
end

function envoy_on_response(handle)
  local headers = handle:headers()
  if headers:get(":status") ~= "429" then return end
  local reset = tonumber(headers:get("x-ratelimit-reset") or "")
  local ours = reset ~= nil
  local month = ours and reset > DAY
  local seconds = month and to_the_end_of_the_month() or reset or 1
  if not headers:get("retry-after") then
    headers:replace("retry-after", string.format("%d", math.max(1, seconds)))
  end
  if not ours then return end
  local message = month and "The plan's tokens of this month are used up."
    or "A limit of the plan for each minute is reached."
  local body = '{"error": {"message": "' .. message .. '", "type": "tokens", "param": null, "code": "' .. CODE .. '"}}'
  headers:replace("content-type", "application/json")
  local buffer = handle:body(true)
  buffer:setBytes(body)
  headers:replace("content-length", tostring(#body))
end
"""
