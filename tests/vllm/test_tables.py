# SPDX-License-Identifier: MPL-2.0
"""The committed tables: whole, sorted, one line an argument, and known to the releases that need them."""

import json
from typing import get_args

import pytest

from andel.release.vllm import VERSIONS, generate, table
from andel.release.vllm.table import TABLES, Kind

every = pytest.mark.parametrize("version", VERSIONS)


@every
def test_a_table_is_written_as_the_generator_writes_it(version: str) -> None:
    text = (TABLES / f"{version}.json").read_text()
    assert generate.written(version, json.loads(text)["arguments"]) == text


@every
def test_a_table_is_sorted_and_says_where_it_is_from(version: str) -> None:
    read = table(version)
    assert list(read.arguments) == sorted(read.arguments)
    assert version in read.source or read.version == version
    assert read.version == version
    assert {one.kind for one in read.arguments.values()} <= set(get_args(Kind))


@every
def test_a_table_has_what_the_platform_always_writes(version: str) -> None:
    needed = {"max-model-len", "gpu-memory-utilization", "enable-force-include-usage", "served-model-name", "port"}
    assert needed <= set(table(version).arguments)


def test_versions_stand_newest_first() -> None:
    numbers = [tuple(map(int, version.split("."))) for version in VERSIONS]
    assert numbers == sorted(numbers, reverse=True)
    assert {file.stem for file in TABLES.glob("*.json")} == set(VERSIONS)


def test_a_removed_argument_names_the_newest_version_that_had_it() -> None:
    assert table("0.33.0").former["disable-log-requests"] == "0.10.2"
    assert table("0.33.0").former["max-num-partial-prefills"] == "0.24.0"
    assert table("0.10.2").former == {}


def test_a_new_argument_names_the_oldest_version_that_has_it() -> None:
    assert table("0.10.2").later["enable-log-deltas"] == "0.23.0"
    assert table("0.33.0").later == {}


def test_a_version_without_a_table_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match=r"0\.9\.0 has no table"):
        table("0.9.0")
