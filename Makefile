# SPDX-License-Identifier: MPL-2.0
# The two commands are `make up` and `make test`; each does all of its own set-up.
STACK ?= dev
ANDEL := .venv/bin/andel
# The environment is made anew when what it holds changes.
VENV := .venv/.made

.PHONY: up preview status down check lint test test-live test-node test-browser chat-pictures help

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1  \t/p' Makefile

up: $(VENV) ## stand the platform up on the lab
	@$(ANDEL) lab up --stack $(STACK)
	@$(ANDEL) lab deploy --stack $(STACK)

preview: $(VENV) ## say what `make up` would change
	@$(ANDEL) lab up --stack $(STACK)
	@$(ANDEL) lab preview --stack $(STACK)

status: $(VENV) ## show what stands
	@$(ANDEL) lab status --stack $(STACK)

down: $(VENV) ## destroy what stands and stop the lab
	@$(ANDEL) lab down --stack $(STACK)

check: lint ## what every commit must pass: `lint`, and unit tests
	.venv/bin/pytest -q -m 'not engine and not live and not node and not browser'

lint: $(VENV) ## format, lint, types, layers, schema and stack files
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo --no-cache
	$(ANDEL) schema --check
	$(ANDEL) check Pulumi.dev.yaml Pulumi.prod.yaml
	$(ANDEL) check --platform Pulumi.dev.yaml municipalities/Pulumi.dev-*.yaml
	$(ANDEL) check --platform Pulumi.prod.yaml municipalities/Pulumi.prod-*.yaml
	$(ANDEL) check --platform tests/environments/Pulumi.gateway.yaml tests/environments/members/Pulumi.gateway-*.yaml

test: $(VENV) ## unit and engine tests; builds the lab where it is missing
	$(ANDEL) lab build
	.venv/bin/pytest -m 'not live and not node and not browser'

test-live: $(VENV) ## tests against real controllers, pickers, autoscalers and engines; builds them where they are missing
	$(ANDEL) lab build --live
	.venv/bin/pytest -m live

test-node: $(VENV) ## tests on the lab's real node, with pods and containers; as root on Debian 12
	$(ANDEL) lab build --node
	.venv/bin/pytest -m node

test-browser: $(VENV) ## people sign on and chat, in a headless browser on the real node; as root on Debian 12, with Maven
	$(ANDEL) lab build --node --chat
	.venv/bin/pytest -m browser

chat-pictures: $(VENV) ## take the pictures in docs/chat.md anew, by the same tests
	$(ANDEL) lab build --node --chat
	ANDEL_CHAT_PICTURES=$(CURDIR)/docs/chat .venv/bin/pytest -m browser -k signs_on_and_chats

$(VENV): requirements.txt pyproject.toml
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
