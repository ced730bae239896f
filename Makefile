# Weir: set-up, build, tests. `make help` lists the targets.
#
# Everything is built with one profile into one folder, since RocksDB and librdkafka take a quarter of an
# hour to compile: CARGO_TARGET_DIR, by default ~/.cache/weir/target. Every cargo call covers the whole
# workspace, so that features unify alike and nothing is compiled twice.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build demo test check bench fuzz kafka-start kafka-stop

export WEIR_CACHE ?= $(HOME)/.cache/weir
export CARGO_TARGET_DIR ?= $(WEIR_CACHE)/target

CARGO := cargo
WORKSPACE := --workspace --locked
WEIR = $(CARGO_TARGET_DIR)/debug/weir
SAY = @printf 'weir: %s\n'

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup:
	@tests/setup build

build: setup ## build the binary `weir`
	$(SAY) 'building (the first time takes a quarter of an hour on two cores)'
	@$(CARGO) build $(WORKSPACE) --quiet
	$(SAY) 'built $(WEIR)'

demo: build ## the whole system on this machine, with an attack story; ends by itself
	@$(WEIR) demo $(ARGS)

test: setup ## every test, end to end on a real Apache Kafka that is started and stopped
	$(SAY) 'building the tests (the first time takes a quarter of an hour on two cores)'
	@$(CARGO) test $(WORKSPACE) --quiet --no-run
	@schemas=$$(tests/setup ocsf) && \
	  WEIR_OCSF_SCHEMAS="$$schemas" tests/kafka/kafka with $(CARGO) test $(WORKSPACE) --quiet --no-fail-fast $(ARGS)
	$(SAY) 'all tests passed'

check: setup ## formatting, lints, documentation, and licences where cargo-deny is installed
	$(SAY) 'checking the format'
	@$(CARGO) fmt --all --check
	$(SAY) 'checking lints'
	@$(CARGO) clippy $(WORKSPACE) --all-targets --quiet -- -D warnings
	$(SAY) 'checking the documentation'
	@RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(WORKSPACE) --no-deps --document-private-items --quiet
	@if cargo deny --version >/dev/null 2>&1; then \
	  printf 'weir: checking licences and sources\n'; \
	  $(CARGO) deny --log-level error check --config .deny.toml licenses bans sources; \
	else printf 'weir: cargo-deny is not installed, licences are not checked\n'; fi

bench: build ## the benchmarks that the README quotes
	@for bench in detect correlate readers quality; do $(WEIR) bench $$bench; done
	@tests/kafka/kafka with $(WEIR) bench pipeline
	@$(CARGO) bench $(WORKSPACE) --profile dev --bench detect

fuzz: ## fuzz every reader for SECONDS_EACH (default 60) seconds
	@tests/fuzz/run $(or $(SECONDS_EACH),60)

kafka-start: ## a real Apache Kafka on loopback, to try things by hand
	@tests/kafka/kafka start
	@tests/kafka/kafka env

kafka-stop: ## stop it and remove its data
	@tests/kafka/kafka stop
