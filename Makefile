# leakwatch: what one can make. `make help` lists it.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# tor and nft live in sbin
export PATH := $(PATH):/usr/sbin:/sbin

GO       ?= go
FUZZTIME ?= 5s
TIMEOUT  ?= 20m

# CORPUS=dir: real photographs and published vectors. Tests that want them skip
# with a reason when it is not given.
CORPUS ?=
ifneq ($(CORPUS),)
export LEAKWATCH_CORPUS := $(CORPUS)
endif

# A commit is built to the same bytes wherever it is built.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
# With these tags AVIF is decoded, by code that is plain Go: a minute more to
# compile. -trimpath stands in the tests too, so that it is compiled once.
TAGS     = -trimpath -tags nodynamic,wasm2go
BUILD    = CGO_ENABLED=0 $(GO) build $(TAGS) -buildvcs=false \
           -ldflags '-s -w -buildid= -X main.version=$(VERSION) -X main.commit=$(COMMIT)'

DESTDIR ?=
PREFIX  ?= /usr
ETC      = $(DESTDIR)/etc/leakwatch
LIBDIR   = $(DESTDIR)$(PREFIX)/lib
SHARE    = $(DESTDIR)$(PREFIX)/share

# What the tests run beside Go: a file or program, and Debian's package for it.
NEEDS = tor:tor systemd-analyze:systemd groff:groff-base strace:strace ip:iproute2 nft:nftables readelf:binutils \
        gcc:gcc /usr/include/stdlib.h:libc6-dev unshare:util-linux \
        tar:tar zip:zip gzip:gzip bzip2:bzip2 xz:xz-utils zstd:zstd 7zz:7zip unzip:unzip bsdtar:libarchive-tools

.PHONY: help demo build test check need format vet static fuzz race plain bench detection example man completions install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## the whole loop on loopback: sites, proxy, data set, crawl, alerts
	$(GO) run ./cmd/leakwatch demo

build: ## the static binary, bin/leakwatch
	$(BUILD) -o bin/leakwatch ./cmd/leakwatch

# The tests come last, so that their closing lines are what one sees.
test: need format vet static race plain ## everything that must pass; installs what it needs when root

check: test ## the same: all that CI runs

need:
	@missing=""; \
	for pair in $(NEEDS); do \
	    what=$${pair%%:*}; \
	    if ! command -v "$$what" >/dev/null && ! [ -e "$$what" ]; then missing="$$missing $${pair##*:}"; fi; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing$$missing"; \
	    apt-get update -qq; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else \
	    echo "the tests need what these packages of Debian bring:$$missing" >&2; \
	    echo "install them: sudo apt-get install --no-install-recommends$$missing" >&2; \
	    exit 1; \
	fi

format:
	@unformatted=$$(gofmt -l cmd internal tools); \
	if [ -n "$$unformatted" ]; then echo "gofmt -w these:"; echo "$$unformatted"; exit 1; fi

vet:
	$(GO) vet ./...

# A build without the tags must not become dynamic behind our back either.
static: build
	@CGO_ENABLED=0 $(GO) build -buildvcs=false -o bin/leakwatch.plain ./cmd/leakwatch
	@for file in bin/leakwatch bin/leakwatch.plain; do \
	    if readelf -lW $$file | grep -q INTERP; then echo "$$file is not static" >&2; exit 1; fi; \
	done; rm bin/leakwatch.plain

# Exploring is random, so it is no part of the test: a finding would stop a change
# that has nothing to do with it. The seeds of every target, and all that was
# ever found, run in `plain`.
# Go's fuzzer sometimes ends at its time limit with "context deadline exceeded"
# (golang/go#75804): that is no finding.
fuzz: ## each Fuzz target for FUZZTIME (5s)
	@mkdir -p bin; \
	$(GO) list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r package dir; do \
	    for target in $$(cat "$$dir"/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' || true); do \
	        echo "fuzz $$package $$target"; \
	        if ! CGO_ENABLED=0 $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x "$$package" </dev/null >bin/fuzz.out 2>&1; then \
	            if grep -q 'Failing input' bin/fuzz.out || ! grep -qx ' *context deadline exceeded' bin/fuzz.out; then cat bin/fuzz.out; exit 1; fi; \
	        fi; \
	    done; \
	done

# The race detector makes the tests that start programs no better and those that
# decode photographs ten times slower: it gets neither, the plain run all. Nor
# does it get AVIF, so that a build without it is tested as well.
race:
	LEAKWATCH_CORPUS= CGO_ENABLED=1 $(GO) test -race -short -timeout $(TIMEOUT) ./...

plain:
	$(GO) test $(TAGS) -count=1 -timeout $(TIMEOUT) ./...

bench: ## all benchmarks; the goals are repeated at the end as "ratio" and "figure" lines
	@mkdir -p bin
	$(GO) test -p 1 -run '^$$' -bench . -benchmem -timeout 120m ./... | tee bin/bench.txt
	@grep -ohE '\b(ratio|figure) [A-Za-z0-9_./-]+ .*' bin/bench.txt | awk '{last[$$1 " " $$2] = $$0} END {for (k in last) print last[k]}' | sort

# A quarter of an hour with photographs: CORPUS=dir, else LEAKWATCH_CORPUS, else
# pictures are drawn. Each kind has its own tables on the page.
DETECTION ?=
detection: ## what is found of pictures posted again, and what is raised wrongly; writes docs/detection.md
	$(GO) run ./tools/detection -corpus '$(LEAKWATCH_CORPUS)' -write docs/detection.md $(DETECTION)

example: ## write config.example.toml anew from the code
	$(GO) test ./cmd/leakwatch -run '^TestExampleFile$$' -update

man: build
	@rm -rf bin/man
	@$(GO) run ./tools/manpages bin/leakwatch bin/man || { echo "no man pages: the binary does not print its own help" >&2; rm -rf bin/man; }

completions: build
	@mkdir -p bin/completions
	@for shell in bash zsh fish; do \
	    if ! bin/leakwatch completion $$shell >bin/completions/$$shell || ! [ -s bin/completions/$$shell ]; then \
	        echo "no completion for $$shell" >&2; rm -f bin/completions/$$shell; \
	    fi; \
	done

install: build man completions ## binary, unit, example config, manual; DESTDIR and PREFIX as usual
	install -D -m 0755 bin/leakwatch $(DESTDIR)$(PREFIX)/bin/leakwatch
	install -d $(LIBDIR)/systemd/system
	sed 's#/usr/bin/leakwatch#$(PREFIX)/bin/leakwatch#' packaging/leakwatch.service >$(LIBDIR)/systemd/system/leakwatch.service
	chmod 0644 $(LIBDIR)/systemd/system/leakwatch.service
	install -D -m 0644 packaging/leakwatch.sysusers $(LIBDIR)/sysusers.d/leakwatch.conf
	install -D -m 0644 packaging/leakwatch.tmpfiles $(LIBDIR)/tmpfiles.d/leakwatch.conf
	install -D -m 0644 packaging/leakwatch.rules.yml $(SHARE)/doc/leakwatch/leakwatch.rules.yml
	install -D -m 0644 config.example.toml $(SHARE)/doc/leakwatch/config.example.toml
	install -D -m 0644 LICENSE $(SHARE)/doc/leakwatch/LICENSE
	install -d -m 0750 $(ETC)
	@if [ -e $(ETC)/config.toml ]; then echo "kept $(ETC)/config.toml"; \
	else install -m 0640 config.example.toml $(ETC)/config.toml; fi
	@if [ -d bin/man ]; then install -d $(SHARE)/man/man1 $(SHARE)/man/man5; \
	    install -m 0644 bin/man/*.1 $(SHARE)/man/man1/; install -m 0644 bin/man/*.5 $(SHARE)/man/man5/; fi
	@if [ -e bin/completions/bash ]; then install -D -m 0644 bin/completions/bash $(SHARE)/bash-completion/completions/leakwatch; fi
	@if [ -e bin/completions/zsh ]; then install -D -m 0644 bin/completions/zsh $(SHARE)/zsh/vendor-completions/_leakwatch; fi
	@if [ -e bin/completions/fish ]; then install -D -m 0644 bin/completions/fish $(SHARE)/fish/vendor_completions.d/leakwatch.fish; fi
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ] && command -v systemd-sysusers >/dev/null; then \
	    systemd-sysusers leakwatch.conf; systemd-tmpfiles --create leakwatch.conf; \
	    echo "now: edit $(ETC)/config.toml, leakwatch config check, systemctl enable --now leakwatch"; fi

clean: ## remove what was made
	rm -rf bin dist
