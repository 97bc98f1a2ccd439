#!/usr/bin/env bash
# Makes .build/python: a Python with torch, transformers and ONNX Runtime, which some tests and
# benchmarks compare with, in the versions of Scripts/python-packages.txt; and
# .build/reading-python, with what the reading of caches is measured beside.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.build/python
torch=2.13.0

python=$(command -v python3) || {
  echo "python-env: no 'python3' on the PATH: install Python 3.10 or later" >&2
  exit 1
}
mkdir -p .build
if ! "$python" -m venv "$folder" 2>/dev/null; then
  echo "python-env: '$python -m venv' fails: install it (apt-get install python3-venv)" >&2
  exit 1
fi

pip=("$folder/bin/python" -m pip install --quiet --disable-pip-version-check)
# The build without CUDA is a tenth of the size; not every index has it.
"${pip[@]}" "torch==$torch+cpu" 2>/dev/null || "${pip[@]}" "torch==$torch"
"${pip[@]}" --requirement Scripts/python-packages.txt
"$folder/bin/python" -c '
import torch, transformers
print("python-env: torch", torch.__version__, "and transformers", transformers.__version__)'

# Beside which `bench --reading` measures. An environment of its own: mosaicml-streaming brings another
# torch, another numpy and torchvision, with which transformers may not load.
reading=.build/reading-python
"$python" -m venv "$reading"
"$reading/bin/python" -m pip install --quiet --disable-pip-version-check lmdb mosaicml-streaming ||
  echo "python-env: no lmdb and mosaicml-streaming: bench has no columns for reading" >&2
