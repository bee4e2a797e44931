# make demo    the shipped styles on the shipped photos, into demo/ (no PyTorch)
# make test    the tests
# make check   style, types, import directions, tests: what CI runs
# make bench   bench-speed, and bench-quality if PAINTINGS=folder is given (of PHOTOS=folder); by name:
#              bench-steady (flicker; CLIPS=folder of videos for real ones beside the made ones),
#              bench-binary (binary convolutions against float, int8 and plain loops),
#              bench-architectures (PHOTOS and PAINTINGS; trains candidates, on a GPU by choice),
#              bench-any-style (ARTWORKS=folder; if given NAMED=folder, NETWORK, ADAIN, POLISHED, NETWORKS)
# make clean   removes what these commands made, but for the environments
#
# Another Python: make demo PYTHON=python3.12

PYTHON ?= python3
DEMO := .venv-demo
DEV := .venv
TRAINED := benchmarks/architectures/trained
SAMPLES := src/artem/models/samples
STYLES := $(notdir $(basename $(wildcard src/artem/models/styles/*.safetensors)))
MODELS := $(shell find src/artem/models -type f 2>/dev/null)
SOURCES := $(shell find src -type f -name '*.py' 2>/dev/null)
NATIVE := setup.py $(wildcard native/*.cpp native/*.h)

.DEFAULT_GOAL := help
.PHONY: help demo test check lint bench bench-speed bench-binary bench-quality bench-steady \
	bench-architectures bench-any-style clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -n 11

# One environment without PyTorch for the demo, as a user's is; one with everything for development.

define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is missing or older than 3.11. Try: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(1)/bin/pip || $(PYTHON) -m venv $(1) || \
		{ echo "error: $(PYTHON) cannot make environments. On Debian: apt install python3-venv" >&2; exit 1; }
endef

$(DEMO)/installed: pyproject.toml $(SOURCES) $(MODELS) $(NATIVE)
	$(call make_venv,$(DEMO))
	rm -rf build
	$(DEMO)/bin/pip install --quiet .
	rm -rf build
	@touch $@

$(DEV)/installed: pyproject.toml $(NATIVE)
	$(call make_venv,$(DEV))
	$(DEV)/bin/pip install --quiet --editable '.[train,heic,onnxruntime,dev]'
	@touch $@

demo: $(DEMO)/installed
	@mkdir -p demo
	@for style in $(STYLES); do \
		$(DEMO)/bin/artem stylize $(SAMPLES)/*.jpg --style $$style \
			--output demo/$$style --overwrite || exit 1; \
	done
	$(DEMO)/bin/artem styles --sheet demo/sheet.png --overwrite
	@echo "Look into demo/ (sheet.png shows all styles)."

test: $(DEV)/installed
	$(DEV)/bin/python -m pytest

lint: $(DEV)/installed
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

check: lint
	$(MAKE) test

bench: bench-speed
ifneq ($(PAINTINGS),)
	$(MAKE) bench-quality
else
	@echo "bench-quality was left out; it needs PAINTINGS=folder."
endif

bench-speed: $(DEV)/installed
	$(DEV)/bin/python benchmarks/speed/run.py

bench-quality: $(DEV)/installed
	@test -n "$(PAINTINGS)" || { echo "error: bench-quality needs PAINTINGS=folder." >&2; exit 1; }
	$(DEV)/bin/python benchmarks/quality/run.py --paintings "$(PAINTINGS)" --cards \
		$(if $(PHOTOS),--photos "$(PHOTOS)")

bench-binary: $(DEV)/installed
	$(DEV)/bin/python benchmarks/binary/run.py

bench-steady: $(DEV)/installed
	$(DEV)/bin/python benchmarks/steady/run.py $(if $(CLIPS),--clips "$(CLIPS)")

bench-architectures: $(DEV)/installed
	@test -n "$(PHOTOS)" -a -n "$(PAINTINGS)" || \
		{ echo "error: bench-architectures needs PHOTOS=folder and PAINTINGS=folder." >&2; exit 1; }
	$(DEV)/bin/python benchmarks/architectures/train.py --photos "$(PHOTOS)" \
		--paintings "$(PAINTINGS)" --out $(TRAINED)
	$(DEV)/bin/python benchmarks/architectures/run.py --photos "$(PHOTOS)" \
		--paintings "$(PAINTINGS)" --trained $(TRAINED)

bench-any-style: $(DEV)/installed
	@test -n "$(ARTWORKS)" || { echo "error: bench-any-style needs ARTWORKS=folder." >&2; exit 1; }
	$(DEV)/bin/python benchmarks/any_style/run.py --artworks "$(ARTWORKS)" \
		--sheet docs/any-style.jpg \
		$(if $(NAMED),--named "$(NAMED)") $(if $(NETWORK),--network "$(NETWORK)") \
		$(if $(ADAIN),--adain "$(ADAIN)") $(if $(POLISHED),--polished "$(POLISHED)") \
		$(if $(NETWORKS),--trained "$(NETWORKS)")

clean:
	rm -rf demo build dist src/*.egg-info .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
