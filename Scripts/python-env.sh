#!/usr/bin/env bash
# Makes .build/python: a Python with torch, transformers and ONNX Runtime, which some tests and
# benchmarks compare with, in the versions of Scripts/python-packages.txt; and .build/reading-python,
# with what the reading of caches is measured beside. With the argument `reading` the second alone. That
# takes 6 GB, for the torch that mosaicml-streaming brings has the libraries of CUDA.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.build/python
reading=.build/reading-python
torch=2.13.0

python=$(command -v python3) || {
  echo "python-env: no 'python3' on the PATH: install Python 3.10 or later" >&2
  exit 1
}
mkdir -p .build

# Makes an environment, or updates the one that is there.
make_environment() {
  if ! "$python" -m venv "$1" 2>/dev/null; then
    echo "python-env: '$python -m venv' fails: install it (apt-get install python3-venv)" >&2
    exit 1
  fi
  pip=("$1/bin/python" -m pip install --quiet --disable-pip-version-check)
}

if [ "${1:-}" != reading ]; then
  make_environment "$folder"
  # The build without CUDA is a tenth of the size; not every index has it.
  "${pip[@]}" "torch==$torch+cpu" 2>/dev/null || "${pip[@]}" "torch==$torch"
  "${pip[@]}" --requirement Scripts/python-packages.txt
  "$folder/bin/python" -c '
import torch, transformers
print("python-env: torch", torch.__version__, "and transformers", transformers.__version__)'
fi

# Beside which `bench --reading` measures. An environment of its own: mosaicml-streaming brings another
# torch, another numpy and torchvision, with which transformers may not load. A torch without CUDA will
# not do: torchvision, built for the other, does not load beside it.
make_environment "$reading"
if ! "${pip[@]}" lmdb mosaicml-streaming ||
  ! "$reading/bin/python" -c '
import lmdb, streaming
print("python-env: lmdb", lmdb.__version__, "and mosaicml-streaming", streaming.__version__)'; then
  echo "python-env: no lmdb and mosaicml-streaming: bench has no columns for reading" >&2
fi
