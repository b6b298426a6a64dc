# What people type here is in `make help`; CI runs .ci/run, which calls `make lint` and `make test`.

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
# The driver of the systems that `make bench COMPARE=1` measures beside this one.
PEERS ?= ../shared/bench/peers
# One configuration for everything, so that nothing is built twice.
FLAGS := -c release
# Generated code is linted by nobody.
SOURCES = $(shell find Sources Tests -name '*.swift' -not -name '*.pb.swift') Package.swift

.PHONY: help deps swift build demo demo-disconnected test model simulate soak fuzz vectors measure bench bench-mls bench-trust lint format install uninstall clean proto

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 14

deps: swift ## install the system libraries that are missing (Debian, Ubuntu)
	@Config/build/dependencies

swift:
	@command -v $(SWIFT) >/dev/null || { \
	  echo "Swift 6.2 or later is needed and was not found: https://www.swift.org/install/linux/" >&2; exit 1; }

build: deps ## build the three programs
	$(SWIFT) build $(FLAGS)

demo: PREFIX = $(CURDIR)/.build/demo
demo: install ## three countries on this machine: enrol, write, share, remove, suspend
	Config/demo/run.sh '$(PREFIX)/bin'

demo-disconnected: PREFIX = $(CURDIR)/.build/demo
demo-disconnected: install ## three countries: a link that never exists, one country that lives by bundles, a hub killed for good
	Config/demo/disconnected.sh '$(PREFIX)/bin'

test: deps ## build and run all tests
	$(SWIFT) build $(FLAGS) --build-tests
	@SWIFT='$(SWIFT)' Config/build/test
	@Config/build/model

model: ## check the model of hub takeovers with spin, in more sizes than `make test` does
	@Config/build/model all

simulate: deps ## run SEEDS simulated networks from the seed FIRST on: make simulate SEEDS=100 FIRST=1000
	$(SWIFT) build $(FLAGS) --build-tests
	@SIMULATION_FIRST=$(or $(FIRST),1) SIMULATION_SEEDS=$(or $(SEEDS),120) SWIFT='$(SWIFT)' Config/build/test '^NetworkTests\.'

soak: deps ## disturb a network of real processes, then account for every message: make soak MINUTES=10 SEED=1
	$(SWIFT) build $(FLAGS)
	"$$($(SWIFT) build $(FLAGS) --show-bin-path)/soak" --minutes $(or $(MINUTES),10) $(addprefix --seed ,$(SEED))

fuzz: deps ## run every fuzz target for SECONDS, or only TARGET: make fuzz SECONDS=60 TARGET=live-group
	@SWIFT='$(SWIFT)' Config/build/fuzz '$(or $(SECONDS),60)' $(TARGET)

vectors: swift ## make the library's own MLS vectors, of the post-quantum suite, anew
	$(SWIFT) build $(FLAGS)
	"$$($(SWIFT) build $(FLAGS) --show-bin-path)/mls-vectors" write Tests/MLSTests/Fixtures/0xF04E

measure: PREFIX = $(CURDIR)/.build/demo
measure: install ## resident memory: idle, and of a 1 GiB document that crosses a border
	Config/measure/memory.sh '$(PREFIX)/bin'

bench: deps ## measure whole networks: a table, and .build/bench.jsonl; PARTS="messages nodes" SECONDS=12 COMPARE=1, QUICK=1 for shorter runs of theirs
	$(SWIFT) build $(FLAGS)
	"$$($(SWIFT) build $(FLAGS) --show-bin-path)/network-benchmark" --json .build/bench.jsonl \
	  --seconds $(or $(SECONDS),12) $(addprefix --part ,$(PARTS))
	@if [ -n '$(COMPARE)' ]; then \
	  '$(PEERS)/run.sh' all $(if $(QUICK),--quick) > .build/peers.jsonl; \
	  python3 '$(PEERS)/table.py' .build/bench.jsonl .build/peers.jsonl; \
	  "$$($(SWIFT) build $(FLAGS) --show-bin-path)/network-benchmark" --json .build/bench.jsonl --compare .build/peers.jsonl; fi

bench-trust: deps ## measure the trust registry: a large log verified, a node with 500 peers and 100,000 members
	$(SWIFT) build $(FLAGS)
	"$$($(SWIFT) build $(FLAGS) --show-bin-path)/network-benchmark" --part trust --json .build/bench-trust.jsonl

bench-mls: deps ## measure the MLS library against its primitives: a table, and .build/bench-mls.json
	$(SWIFT) build $(FLAGS)
	"$$($(SWIFT) build $(FLAGS) --show-bin-path)/mls-benchmark" --json .build/bench-mls.json

lint: swift ## check the format of all sources, and the shell scripts' syntax
	@$(SWIFT) format lint --strict --parallel --configuration .swift-format $(SOURCES)
	@for script in .ci/run Config/build/* $$(find Config Tests -name '*.sh'); do \
	  bash -n "$$script" || exit 1; done
	@if git grep -nI '[[:blank:]]$$' -- ':!*.pb.swift' ':!LICENSE' ':!*.md' ':!Tests/*/Fixtures'; then \
	  echo "the lines above end in blanks" >&2; exit 1; fi

format: swift ## format all sources
	$(SWIFT) format --in-place --parallel --configuration .swift-format $(SOURCES)

install: build ## install the programs, their manual pages and completions: PREFIX=/usr/local DESTDIR=
	Config/build/install "$$($(SWIFT) build $(FLAGS) --show-bin-path)" '$(DESTDIR)$(PREFIX)'

uninstall: ## remove what install put there
	Config/build/install --remove '$(DESTDIR)$(PREFIX)'

clean: swift ## remove what was built
	$(SWIFT) package clean

proto: swift ## generate the modules' Generated folders from Protocols/*.proto; needs protoc
	@Config/build/generate-protobuf
