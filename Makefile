# The one front door. `make demo` and `make test` need nothing before them.
.DEFAULT_GOAL := help
.PHONY: help demo docs generated install test fuzz test-trixie test-deb test-wheel deb compare lint mutants bench clean setup

PYTHON := .venv/bin/python
# tests/conftest.py says how many processes, and in which order they take the files.
SPREAD := -n auto --dist loadfile --no-loadscope-reorder

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## /make \1\t/p' Makefile | expand -t 18

demo:  ## an rsync of a real folder, run by a real systemd timer
	@tools/setup run
	@$(PYTHON) tools/demo.py

generated:  ## every file that a tool writes: schemas, pages of docs/, manual pages, the text of --help
	@tools/setup test
	@for tool in channel_schemas config_docs check_docs error_docs mcp_docs help schemas man; do \
		$(PYTHON) tools/make_$$tool.py || exit 1; done

install:  ## Docket for yourself, in ~/.local; no compiler, no root
	@tools/install

test: lint  ## everything: style, types, then all tests, on a really booted systemd too
	@$(PYTHON) -m pytest $(SPREAD) -o faulthandler_timeout=180 $(PYTEST_ARGS)

test-trixie:  ## the system tests on Debian 13, in a root tree that is made once and kept (as root)
	@tools/setup test
	@tree=$$(tools/trixie) && DOCKET_TEST_TREE=$$tree DOCKET_REQUIRE_SYSTEM_TESTS=1 \
		$(PYTHON) -m pytest $(SPREAD) -o faulthandler_timeout=180 tests/system $(PYTEST_ARGS)

# bookworm or trixie: of `make deb`, `make test-deb` and `make test-wheel`.
SUITE ?= $(shell . /etc/os-release && echo $$VERSION_CODENAME)

deb:  ## the Debian package for this machine's suite, in dist/; SUITE=trixie for another, in dist/trixie (as root)
	@tools/deb dist$(if $(filter command line environment,$(origin SUITE)),/$(SUITE)) $(SUITE)

test-deb:  ## the package that `make deb` makes: the same bytes twice, lintian, install to purge in a booted bare tree (as root)
	@tools/setup test
	@command -v lintian >/dev/null || apt-get install -y -q --no-install-recommends lintian
	@deb=$$(tools/deb dist/$(SUITE) $(SUITE)) && tree=$$(tools/tree $(SUITE) bare) && \
		older=$$(tools/tree bookworm bare) && \
		DOCKET_TEST_DEB=$$deb DOCKET_TEST_SUITE=$(SUITE) DOCKET_TEST_TREE=$$tree \
		DOCKET_TEST_OLDER_TREE=$$older \
		$(PYTHON) -m pytest -o faulthandler_timeout=300 tests/deb $(PYTEST_ARGS)

test-wheel:  ## the wheel by pip, pipx and uv in a booted tree with python3-venv only (as root)
	@tools/setup test
	@tree=$$(tools/tree $(SUITE) bare) && wheels=$$(mktemp -d) && trap 'rm -rf "$$wheels"' EXIT && \
		tools/wheels "$$tree" "$$wheels" && DOCKET_TEST_WHEELS=$$wheels DOCKET_TEST_TREE=$$tree \
		$(PYTHON) -m pytest -o faulthandler_timeout=300 tests/wheel $(PYTEST_ARGS)

fuzz:  ## property tests that look for new cases, 50 times as many; TIMES=N for N times
	@tools/setup test
	@TESTS_FUZZ=$${TIMES:-50} $(PYTHON) -m pytest $$(grep -rl '^from hypothesis' tests) $(PYTEST_ARGS)

compare:  ## the tour that docket-cli 0.2.2 was recorded on, taken with it again
	@tools/setup test
	@venv=$$(mktemp -d) && trap 'rm -rf "$$venv"' EXIT && $(PYTHON) -m venv "$$venv" && \
		"$$venv/bin/pip" install -q docket-cli==0.2.2 && \
		$(PYTHON) -m tests.reference.record "$$venv/bin/python" --check

lint:  ## ruff and mypy
	@tools/setup test
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

mutants:  ## a sample of small changes to the product: which ones no test notices
	@tools/setup test
	@$(PYTHON) -m tests.mutants.run $(MUTANTS_ARGS)

bench:  ## the promised figures beside docket-cli 0.2.2, measured here
	@tools/setup test
	@$(PYTHON) tests/bench/run.py

setup:  ## only what the other targets begin with: the virtual environment
	@tools/setup test

docs:  ## the site of the documentation, in build/site; its generator is in an environment of its own
	@tools/site

clean:  ## takes away everything that was made
	@rm -rf .venv .venv-mcp .venv-docs build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
