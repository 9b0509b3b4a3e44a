# Two commands for a newcomer: make demo, make test. The rest is for those who change things.
SHELL := /bin/sh
BIN := .venv/bin
# Long campaigns take minutes: they are in `make test` only. Calls with audio are in `make interop`.
LONG := %_flips.py %_flips_at_the_door.py %_fuzz.py %_ledger.py %_session_properties.py %_render_roundtrips.py
QUICK := tests/unit $(filter-out $(LONG),$(wildcard tests/property/test_*.py tests/protocol/test_*.py))

.PHONY: setup setup-test demo test check interop storm bench

setup:            ## install everything a gateway needs; run nothing
	@deploy/setup.sh run

setup-test:
	@deploy/setup.sh test

demo: setup       ## a whole fax exchange on a simulated line, in the browser
	@$(BIN)/postline demo

test: setup-test  ## the whole test suite
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup tests --ignore tests/interop

check: setup-test ## format, lint, types, imports, quick tests
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -n 2 $(QUICK)

interop: setup-test ## against programs we did not write
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/interop

storm: setup-test ## the long crash test
	@$(BIN)/python bench/storm.py

bench: setup-test ## benchmarks: prints a table, writes bench/results/*.json
	@$(BIN)/python bench/run.py
