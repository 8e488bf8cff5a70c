# Everything that a person needs to work on this project. Needs GNU make, bash and the .NET SDK 10; nothing else.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory

CONFIG ?= Release
ONLY ?=
ARGS ?=
config := $(shell echo $(CONFIG) | tr A-Z a-z)
bin = artifacts/bin/$(1)/$(config)/$(1).dll
api := $(call bin,AIaaS.Api)

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_CLI_UI_LANGUAGE := en

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: demo
demo: build ## see it work: knowledge base, messages, KPIs, replay of every episode, in a throw-away folder
	@dotnet $(call bin,Demo) --api $(api) $(ARGS)

.PHONY: run
run: build ## start the API with the demo's knowledge base and stay up (data in ./data; DATA=folder, PORT=number)
	@dotnet $(call bin,Demo) --api $(api) --stay --data $(or $(DATA),data) --port $(or $(PORT),8080) $(ARGS)

.PHONY: test
test: build ## run all tests, the long ones as a sample (ONLY=project prefix)
	@build/test.sh $(CONFIG) $(ONLY)

.PHONY: soak
soak: build ## run all tests, the crash and property tests at their full counts (ONLY=project prefix)
	@AIAAS_SOAK=1 AIAAS_TEST_LIMIT=$${AIAAS_TEST_LIMIT:-4h} build/test.sh $(CONFIG) $(ONLY)

.PHONY: check
check: format build openapi-check catalog-check workflow-schema-check ## format, build with analyzers, OpenAPI lint, catalogue and schema up to date

.PHONY: bench
bench: build ## measure; prints a table and writes artifacts/bench.json (ONLY=name prefix)
	@dotnet $(call bin,Benchmarks) --only "$(ONLY)" --out artifacts/bench.json $(ARGS)

.PHONY: catalog
catalog: build ## write the catalogue of event types to docs/events.md
	@dotnet $(api) catalog docs/events.md

.PHONY: openapi
openapi: build ## write the API's description to docs/openapi.json
	@dotnet $(api) openapi docs/openapi.json

.PHONY: workflow-schema
workflow-schema: build ## write the JSON Schema of the workflow language to docs/workflow.schema.json
	@dotnet $(api) workflow-schema docs/workflow.schema.json

.PHONY: build
build: sdk ## build everything, analyzers included
	@build/drivers.sh --if-missing
	mkdir -p artifacts/logs
	echo "Building ($(CONFIG)) ..."
	dotnet build AIaaS.sln -c $(CONFIG) -tl:off > artifacts/logs/build.log 2>&1 || { grep -E ': (error|warning) |^error|error MSB' artifacts/logs/build.log | sort -u | head -60 >&2; echo "The build failed; all of it stands in artifacts/logs/build.log." >&2; exit 1; }

.PHONY: drivers
drivers: sdk ## ask the package feed again which engine drivers it carries
	@build/drivers.sh

.PHONY: format
format: sdk ## check the white space of all code (make fix mends it)
	@dotnet format whitespace --folder . --exclude artifacts --verify-no-changes --verbosity quiet || { echo "The lines above are not formatted as .editorconfig says: run 'make fix'." >&2; exit 1; }

.PHONY: fix
fix: sdk ## mend the white space of all code
	@dotnet format whitespace --folder . --exclude artifacts --verbosity quiet

.PHONY: clean
clean: ## remove everything that was built
	@rm -rf artifacts build/drivers.props

.PHONY: sdk
sdk:
	@command -v dotnet > /dev/null || { echo "The .NET SDK 10 is needed and 'dotnet' was not found: see https://dotnet.microsoft.com/download." >&2; exit 1; }
	[[ "$$(dotnet --version)" == 1[0-9].* ]] || { echo "The .NET SDK 10 is needed; 'dotnet --version' says $$(dotnet --version)." >&2; exit 1; }

# same COMMAND FILE: writes the file anew beside the checked-in one and compares.
same = fresh="$$(mktemp)"; trap 'rm -f "$$fresh"' EXIT; dotnet $(api) $(1) "$$fresh" > /dev/null; diff -u $(2) "$$fresh" | head -40 || true; cmp -s $(2) "$$fresh" || { echo "$(2) is not up to date: run 'make $(1)'." >&2; exit 1; }

.PHONY: openapi-check
openapi-check: build
	@$(call same,openapi,docs/openapi.json)
	dotnet $(api) openapi-lint docs/openapi.json

.PHONY: catalog-check
catalog-check: build
	@$(call same,catalog,docs/events.md)

.PHONY: workflow-schema-check
workflow-schema-check: build
	@$(call same,workflow-schema,docs/workflow.schema.json)
