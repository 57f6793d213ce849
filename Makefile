# Everything a developer runs. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TAGS      := nomsgpack
DATA      ?= .data
PACKAGES  ?= ./...
LONGEST   := ./miniapp ./internal/app # begin with these: all others fit beside them
TESTFLAGS ?=
FUZZTIME  ?= 30s

# What is off the hot paths is compiled without inlining: the copies of go-redis' commands
# alone are 2 MB of the binary, all of these 4 MB.
SMALL := github.com/redis/go-redis github.com/xuri github.com/quic-go github.com/alicebob github.com/yuin \
	github.com/go-playground github.com/pressly golang.org/x/text golang.org/x/net golang.org/x/image \
	github.com/xuegong/xuegong/internal/simulator github.com/xuegong/xuegong/internal/sample github.com/xuegong/xuegong/internal/app \
	github.com/xuegong/xuegong/miniapp/desk github.com/xuegong/xuegong/miniapp/h5 github.com/xuegong/xuegong/miniapp/api encoding/gob \
	go.yaml.in github.com/goccy github.com/pelletier github.com/prometheus github.com/alecthomas go.mongodb.org google.golang.org/protobuf

LINT := .cache/tools/golangci-lint

# What scripts/need.sh unpacked for a user who is not root comes after the machine's own.
UNPACKED := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/xuegong/pkg
export PATH := $(PATH):$(UNPACKED)/bin
ifneq ($(wildcard $(UNPACKED)/fonts.conf),)
export FONTCONFIG_FILE ?= $(UNPACKED)/fonts.conf
endif

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## start the demo: private PostgreSQL, in-process Redis, simulated WeCom, a sample school (DATA=folder)
	@$(if $(DATABASE_URL),,scripts/need.sh postgres)
	@exec bin/xuegong demo -data $(DATA)

.PHONY: build
build: ## build the static binary bin/xuegong
	@scripts/need.sh go
	CGO_ENABLED=0 go build -tags $(TAGS) -trimpath $(SMALL:%=-gcflags=%/...=-l) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/xuegong .

# vet looks at what the tests then run, so that a fresh machine compiles everything once.
.PHONY: test
test: ## run every test (PACKAGES=./internal/... TESTFLAGS='-run Book -v')
	@scripts/need.sh go postgres redis chromium fonts
	@race=-race; cc=$$(go env CC); \
	if ! command -v $${cc%% *} >/dev/null; then \
		race=; echo "no C compiler here: testing without the race detector"; \
	fi; \
	set -x; go vet -tags $(TAGS) $$race $(PACKAGES); \
	go test -tags $(TAGS) $$race -shuffle=on -count=1 -parallel 4 -timeout 14m $(TESTFLAGS) $(if $(filter ./...,$(PACKAGES)),$(LONGEST)) $(PACKAGES)

.PHONY: bench
bench: ## measure the hot paths
	@scripts/need.sh go postgres redis
	@scripts/bench.sh $(PACKAGES)

.PHONY: fuzz
fuzz: ## run every fuzz test for FUZZTIME (30s)
	@scripts/need.sh go postgres redis
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: golden
golden: ## write the golden files anew from what the code does now
	@scripts/need.sh go postgres redis chromium fonts
	@dirs=$$({ grep -rlE --include='*_test.go' 'flag\.Bool\("update"' . || true; } | xargs -r -n1 dirname | sort -u); \
	if [ -z "$$dirs" ]; then echo "no package has golden files"; exit 0; fi; \
	go test -tags $(TAGS) -count=1 $$dirs -update

.PHONY: cover
cover: ## show which code the tests reach
	@scripts/need.sh go postgres redis chromium fonts
	@mkdir -p .cache
	go test -tags $(TAGS) -timeout 14m -coverpkg=./... -coverprofile=.cache/cover.out $(PACKAGES)
	@go tool cover -func=.cache/cover.out | tail -n 1
	@go tool cover -html=.cache/cover.out -o .cache/cover.html && echo "see .cache/cover.html"

.PHONY: lint
lint: ## find mistakes and broken walls
	@scripts/need.sh go-tools
	$(LINT) run $(PACKAGES)

.PHONY: fmt
fmt: ## format the code
	@scripts/need.sh go-tools
	$(LINT) fmt

.PHONY: fmt-check
fmt-check: ## fail if code is not formatted
	@scripts/need.sh go-tools
	@$(LINT) fmt --diff

.PHONY: tidy
tidy: ## bring go.mod and go.sum in line with the imports
	@scripts/need.sh go
	go mod tidy

.PHONY: verify
verify: ## fail if go.mod would change or a module is not what go.sum says
	@scripts/need.sh go
	go mod tidy -diff
	go mod verify

.PHONY: check
check: verify fmt-check lint test ## everything a change must pass
