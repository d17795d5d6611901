# digit-agent: `make` lists what there is to make.

PYTHON ?= python3
BIN := .venv/bin
BOARD := .venv/.board
EVERYTHING := .venv/.everything
DOCS := .venv/.docs
OLD_BIN := .venv-tflite/bin
# The versions that the shipped artifacts were made with; --group needs pip 25.1.
INSTALL := -m pip install --quiet --constraint constraints.txt
OTHER_PYTHONS := 3.10 3.12 3.13
# Tests of what no runtime, NumPy or OpenCV can change.
NO_RUNTIME := config outlets sensors telemetry web
# Slow tests in which the runtime, NumPy or OpenCV computes most; the other slow ones wait for processes and cameras.
OLD_SLOW := $(addprefix tests/agent/,drawing explain forms/test_read_form.py runtimes vision cli/test_read.py cli/test_run.py \
	test_invariance.py test_reader.py test_shipped.py)
# The other runtimes keep their promise in the whole suite.
OLD_PROMISE := 'tests/test_promise.py::test_the_shipped_artifacts_are_as_accurate_as_their_manifest_says[tflite-runtime]'

.DEFAULT_GOAL := help
.PHONY: help run check test test-tflite test-pythons test-web test-systemd test-board test-integrations lint format \
	docs bench count soak artifacts report picture venv clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BOARD) ## Read the built-in demo with the packages that a board needs: no torch, no system packages.
	$(BIN)/digit-agent run --source demo:

check: lint ## Check style and types, and run the quick tests: under a minute once the caches are warm.
	$(BIN)/python -m pytest -q -m 'not slow'

test: $(EVERYTHING) ## Run the whole test suite, or TESTS=tests/agent. DIGIT_DATA_DIR names a folder with MNIST; without it some tests skip.
	$(BIN)/python -m pytest $(TESTS)

test-tflite: .venv-tflite/.ready ## Run the board's tests with tflite-runtime, NumPy 1 and OpenCV 4.11 (Python 3.11 or older).
	$(OLD_BIN)/python -m pytest tests/agent $(addprefix --ignore=tests/agent/,$(NO_RUNTIME)) -m 'not slow'
	$(OLD_BIN)/python -m pytest $(OLD_SLOW) $(OLD_PROMISE) -m slow

test-pythons: ## Run the board's tests on each of Python 3.10, 3.12 and 3.13 that this machine has.
	@for version in $(OTHER_PYTHONS); do \
	    if ! python$$version -c pass 2>/dev/null; then echo "python$$version is not installed: skipped"; continue; fi; \
	    test -d .venv-$$version || python$$version -m venv .venv-$$version || exit 1; \
	    .venv-$$version/bin/python -m pip install --quiet --upgrade 'pip>=25.1' || exit 1; \
	    .venv-$$version/bin/python $(INSTALL) --editable '.[onnx,deploy]' --group test || exit 1; \
	    .venv-$$version/bin/python -m pytest -q tests/agent tests/profiles tests/deploy tests/test_promise.py || exit 1; \
	done

test-web: $(EVERYTHING) ## Use the web page as people do, in a real browser (apt: chromium chromium-driver).
	DIGIT_BROWSER=1 $(BIN)/python -m pytest tests/browser

test-systemd: export DIGIT_BOARD_CACHE ?= $(HOME)/.cache/digit-agent-boards
test-systemd: $(EVERYTHING) ## Boot a Debian, and three boards with an sshd, as root (apt: systemd-container mmdebstrap openssh-client iproute2).
	$(BIN)/python -m pytest tests/systemd tests/fleet

test-board: export DIGIT_BOARD_CACHE ?= $(HOME)/.cache/digit-agent-boards
test-board: $(EVERYTHING) ## Run the agent as seven boards would, under qemu (apt: qemu-user mmdebstrap qemu-system-arm cpio gcc).
	$(BIN)/python -m pytest tests/board

test-integrations: export DIGIT_INTEGRATIONS := 1
test-integrations: $(EVERYTHING) ## Send readings to real brokers and Prometheus (apt: mosquitto openssl prometheus). DIGIT_HOME_ASSISTANT names a Python with homeassistant.
	$(BIN)/python -m pytest tests/integrations

count: $(EVERYTHING) ## Count the instructions of a digit and of a frame under qemu; fails if they grew by 5 %.
	$(BIN)/python -m benchmarks.instructions

lint: $(EVERYTHING) ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(EVERYTHING) ## Correct style where a tool can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DOCS) ## Build the documentation into build/docs; warnings are errors.
	$(BIN)/mkdocs build --strict --quiet

bench: $(EVERYTHING) ## Time every artifact in every runtime on this machine, and the reading of whole pictures.
	$(BIN)/digit-agent bench
	$(BIN)/python -m benchmarks.choice
	$(BIN)/python -m benchmarks.plain
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.idle
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.reading

soak: $(BOARD) ## Run the agent for 200,000 frames, with a camera that fails, reloads and heat.
	$(BIN)/python -m benchmarks.soak

artifacts: $(EVERYTHING) ## Make the artifacts that ship from the checkpoints that ship.
	rm -rf build/artifacts
	env -u DIGIT_DATA_DIR $(BIN)/digit-convert --target generic-x86 --out build/artifacts
	rm -rf agent/artifacts
	mv build/artifacts/generic-x86 agent/artifacts

report: $(EVERYTHING) ## Write the report on how well the nets read, from the log of trainings: report/index.html.
	$(BIN)/digit-convert report

picture: $(BOARD) ## Draw the pictures of the README and of the documentation.
	$(BIN)/digit-agent run --source demo: --no-log --no-dashboard --screenshot docs/dashboard.svg
	$(BIN)/python -m benchmarks.readme_pictures

venv: $(EVERYTHING) ## Make .venv with everything that a contributor needs.

clean: ## Remove the virtual environments and caches.
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BOARD): pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python $(INSTALL) --editable .
	touch $@

$(EVERYTHING): pyproject.toml constraints.txt
	@echo 'Installing everything for contributors into .venv. On x86, PyPI has PyTorch with CUDA: 2.4 GB to download.'
	@echo 'Much smaller: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make $(MAKECMDGOALS)'
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python $(INSTALL) --editable '.[convert,deploy]' --group dev
	touch $@ $(BOARD)

$(DOCS): $(EVERYTHING)
	$(BIN)/python $(INSTALL) --group docs
	touch $@

.venv-tflite/.ready: pyproject.toml constraints.txt
	test -d .venv-tflite || $(PYTHON) -m venv .venv-tflite
	$(OLD_BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(OLD_BIN)/python $(INSTALL) --editable '.[tflite,onnx]' --group test
	touch $@
