# SPDX-License-Identifier: MPL-2.0
"""What no policy of Envoy Gateway can say, in a short Lua script (EnvoyExtensionPolicy, Envoy Gateway 1.8).

On the way in: how long an answer may be. A request that asks for more than the tier's most is refused, one that asks
for nothing gets that; and a body that names its model twice is refused, since two readers could read two models, as is
a request that names two classes of its data. It runs before the AI Gateway's processor, which keeps the body as it
finds it and writes it anew where a model's name differs on the wire.
On the way out: of the list of models those stay that the caller's key may use. A 503 says when to come back, and an
empty 500, Envoy's own word for a part that is away, becomes one; a refusal says that and what it was, in the form of
OpenAI's errors.
Envoy's limiter tells the seconds until its window ends (`x-ratelimit-reset`); a month's window is a year, so there its
end is told instead.
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
from ..model_list import PATH
from ..request_headers import DATA_CLASS
from .headers import ALL, MODELS, TIER

LIMITED = "rate_limit_exceeded"
"""Code of a refusal past a limit."""

AWAY = "service_unavailable"
"""Code of a refusal while a part of the edge is away."""


@dataclass(frozen=True, kw_only=True)
class EdgeScriptArgs:
    """What the script knows."""

    gateway: str
    """Name of the Gateway."""

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


def table(values: Mapping[str, int]) -> str:
    """A table of Lua. Keys and values come from forms without quotes; JSON's strings of them are Lua's."""
    return "{" + ", ".join(f"[{json.dumps(key)}] = {json.dumps(value)}" for key, value in sorted(values.items())) + "}"


def script(args: EdgeScriptArgs) -> str:
    """The script."""
    longest = {name: tier.output_tokens for name, tier in args.tiers.items()}
    soft = {name: 1 for name, tier in args.tiers.items() if tier.month.beyond == "soft"}
    settings = {
        "LONGEST": table(longest),
        "SOFT": table(soft),
        "TIER": json.dumps(TIER),
        "MODELS": json.dumps(MODELS),
        "ALL": json.dumps(ALL),
        "LIST": json.dumps(PATH),
        "CODE": json.dumps(LIMITED),
        "AWAY": json.dumps(AWAY),
        "DATA_CLASS": json.dumps(DATA_CLASS),
    }
    head = "\n".join(f"local {name} = {value}" for name, value in settings.items())
    return f"{head}\n{BODY}"


BODY = r"""
-- Fields of the outermost object: all values of the names that are wanted, and whether a name is written in disguise.
-- A prompt that holds "max_tokens" is none of them.
local function fields(text, wanted)
  local depth, at, found = 0, 1, {}
  while true do
    at = text:find('["{}%[%]]', at)
    if not at then return found, false end
    local mark = text:byte(at)
    if mark == 34 then
      local from, plain = at + 1, true
      at = text:find('["\\]', from)
      while at and text:byte(at) == 92 do
        plain = false
        at = text:find('["\\]', at + 2)
      end
      if not at then return found, false end
      if depth == 1 and text:find("^%s*:", at + 1) then
        if not plain then return found, true end
        local name = text:sub(from, at - 1)
        if wanted[name] then
          local values = found[name] or {}
          values[#values + 1] = text:match('^%s*:%s*"([^"]*)"', at + 1)
            or tonumber(text:match("^%s*:%s*(-?[%d.eE+-]+)", at + 1) or "")
          found[name] = values
        end
      end
    elseif mark == 123 or mark == 91 then
      depth = depth + 1
    else
      depth = depth - 1
    end
    at = at + 1
  end
end

local NAMES = {
  ["/v1/chat/completions"] = {"max_completion_tokens", "max_tokens"},
  ["/v1/completions"] = {"max_tokens"},
  ["/v1/responses"] = {"max_output_tokens"},
}
local WANTED = {model = true, max_completion_tokens = true, max_tokens = true, max_output_tokens = true}

local function refuse(handle, code, message)
  local body = '{"error": {"message": "' .. message .. '", "type": "invalid_request_error", "param": null, "code": "'
    .. code .. '"}}'
  handle:respond({[":status"] = "400", ["content-type"] = "application/json"}, body)
end

-- The longest answer that is asked for: what the first name says, or the next. Nothing, if one is above the most.
local function asked(handle, found, names, longest)
  local most
  for _, name in ipairs(names) do
    for _, value in ipairs(found[name] or {}) do
      local number = tonumber(value)
      if number and number > longest then
        refuse(handle, "answer_too_long", name .. " is above the " .. longest .. " tokens of this plan")
        return nil
      end
      if number and number >= 1 and (most == nil or name == names[1]) then most = number end
    end
  end
  return most or longest
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local known, path = handle:streamInfo():dynamicMetadata(), headers:get(":path") or ""
  known:set("andel", "tier", headers:get(TIER) or "")
  if path:match("^[^?]*") == LIST then known:set("andel", "models", headers:get(MODELS) or "") end
  if headers:get(":method") ~= "POST" then return end
  -- Routes match a header where any of its values does: of two classes, the one that forbids would not be asked.
  if headers:getNumValues(DATA_CLASS) > 1 then
    return refuse(handle, "invalid_data_class", "the class of the data is named twice")
  end
  -- Files to transcribe come in parts and ask for no length; engines take nothing else that isn't JSON.
  if (headers:get("content-type") or ""):find("multipart/", 1, true) then return end
  local tier = headers:get(TIER)
  local buffer = handle:body()
  if not buffer then return end
  local text = buffer:getBytes(0, buffer:length())
  local found, disguised = fields(text, WANTED)
  local models = found.model or {}
  if disguised or tostring(models[1] or ""):find("\\", 1, true) then
    return refuse(handle, "invalid_field_name", "names of fields and models are written without escapes")
  end
  if #models > 1 then return refuse(handle, "invalid_model", "the model is named twice") end
  local names, longest = NAMES[path:match("^[^?]*")], LONGEST[tier or ""]
  local before = text:match("^(%s*{.*)}%s*$")
  if not names or not longest or not before then return end
  local most = asked(handle, found, names, longest)
  if not most then return end
  -- What the edge decides stands at the very end: of two fields of one name the last is the one that is read.
  local comma = before:match("^%s*{%s*$") and "" or ", "
  local written = before .. comma .. '"' .. names[1] .. '": ' .. string.format("%d", most) .. "}"
  buffer:setBytes(written)
  -- Waiting for a body ended the life of what was asked for before.
  handle:headers():replace("content-length", tostring(#written))
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

local function answer(handle, kind, code, message)
  local body = '{"error": {"message": "' .. message .. '", "type": "' .. kind
    .. '", "param": null, "code": "' .. code .. '"}}'
  local headers = handle:headers()
  headers:replace("content-type", "application/json")
  local buffer = handle:body(true)
  buffer:setBytes(body)
  headers:replace("content-length", tostring(#body))
end

-- The tier's list is the edge's own (components/model_list.py). Of anything else nothing would be left.
local function narrow(handle, models)
  local buffer, kept = handle:body(), {}
  if not buffer then return end
  for entry, name in buffer:getBytes(0, buffer:length()):gmatch('({"id":"([^"]*)"[^{}]*})') do
    if ("," .. models .. ","):find("," .. name .. ",", 1, true) then kept[#kept + 1] = entry end
  end
  local body = '{"object":"list","data":[' .. table.concat(kept, ",") .. "]}"
  buffer:setBytes(body)
  handle:headers():replace("content-length", tostring(#body))
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local known = handle:streamInfo():dynamicMetadata():get("andel") or {}
  if headers:get(":status") == "200" then
    if known.models and known.models ~= ALL then narrow(handle, known.models) end
    return
  end
  if headers:get(":status") == "500" and handle:body(true):length() == 0 then
    -- The limiter can't count, or no pod of Authorino is ready: nothing was begun.
    headers:replace(":status", "503")
    headers:replace("retry-after", "1")
    return answer(handle, "server_error", AWAY, "A part of the gateway is away for the moment. Try again.")
  end
  if headers:get(":status") == "503" and not headers:get("retry-after") then
    -- Envoy's own, and Authorino's: nothing was begun, and what is away comes back by itself.
    headers:replace("retry-after", "1")
  end
  if headers:get(":status") ~= "429" then return end
  -- The limiter tells of the limit that has least left, on every answer. A picker refuses too, when all pods are full:
  -- it was the picker if there is something left, or if what is used up is a soft month, which refuses nobody.
  local reset = tonumber(headers:get("x-ratelimit-reset") or "")
  local month = reset ~= nil and reset > DAY
  local ours = reset ~= nil and headers:get("x-ratelimit-remaining") == "0" and not (month and SOFT[known.tier])
  local seconds = not ours and 1 or month and to_the_end_of_the_month() or reset
  if not headers:get("retry-after") then
    headers:replace("retry-after", string.format("%d", math.max(1, seconds)))
  end
  if not ours then return end
  local message = month and "The plan's tokens of this month are used up."
    or "A limit of the plan for each minute is reached."
  answer(handle, "tokens", CODE, message)
end
"""
