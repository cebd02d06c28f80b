# Two words for everything; each sets up what it needs. The work is described in noxfile.py.
.PHONY: help demo test test-window campaign build bench screenshots clean

help:
	@echo 'make demo         build the extension and make a model with it, no key and no network needed'
	@echo 'make test         every check: style, types, core, build, and the built zip in three Blenders'
	@echo 'make test-window  clicks and keys in real windows of two Blenders (root, or BLENDER=/path:/path)'
	@echo 'make campaign     all that was tried to lose or double a paid job, in full (about an hour)'
	@echo 'make build        dist/maquette-<version>.zip'
	@echo 'make bench        what an artist feels of it, measured in real windows'
	@echo 'make screenshots  the docs pictures, from a real window'
	@echo 'make clean        remove what these made here (the Blenders stay in ~/.cache/maquette)'

demo test test-window campaign build bench screenshots: .venv/ready

demo:
	@.venv/bin/python -m nox --session demo

test:
	@.venv/bin/python tools/run_tests.py

test-window:
	@.venv/bin/python tools/run_tests.py window

campaign:
	@.venv/bin/python -m nox --session campaign

build:
	@.venv/bin/python -m nox --session build

bench:
	@.venv/bin/python -m nox --session bench

.PHONY: .venv/ready
.venv/ready:
	@tools/setup.sh

screenshots:
	@.venv/bin/python -m nox --session build -- --blender 4.5.15
	@.venv/bin/python tools/screenshots.py

clean:
	rm -rf .venv .nox build dist vendor/*.whl .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
