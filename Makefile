# make demo    the whole job on the text in data/, at most 6 minutes after the build
# make test    the tests
# make bench   speed, with a table; results in .build/bench/results.json (BENCH=--quick: a minute)
# BENCH=--reading make bench: decoding caches, beside LMDB and mosaicml-streaming
# BENCH=--compute make bench: models beside PyTorch and ONNX Runtime, at most 12 minutes on a quiet
#                machine (BENCH="--compute --quick": 3); results in .build/bench/compute.json
# make compare cached against online training: held-out losses and their differences
# make experiments  students of one cache on WikiText-2: against baselines, and what each choice is worth
# make lint    formatter and module graph
# make arm64   compile the C kernels for arm64
# make parity  a million random strings, ours and tokenizers' (PARITY="--count N --seed S")
# make fuzz    100,000 damaged and hostile caches and as many corpora, some minutes (FUZZ="--count N --seed S")
# make python-env  a Python with transformers in .build/python, for the tests that compare with it
SHELL := /bin/bash

.PHONY: demo test bench compare experiments parity fuzz build lint arm64 setup python-env

demo: build
	@Scripts/demo.sh

test: setup
	swift build -c release --build-tests
	@Scripts/test.sh

bench: setup
	swift build -c release --product bench
	.build/release/bench $(BENCH)

compare: setup
	swift build -c release --product bench
	.build/release/bench --cached-vs-online

experiments: build
	@Scripts/experiments.sh

parity: build
	$${DECANT_PYTHON:-.build/python/bin/python} Tools/parity.py \
	  --vocabulary ../shared/data/tokenizers/bert-base-uncased/vocab.txt $(PARITY)

fuzz: setup
	swift build -c release --product fuzz
	.build/release/fuzz --of caches --count 100000 $(FUZZ)
	.build/release/fuzz --of corpora --count 100000 $(FUZZ)

build: setup
	swift build -c release --product pipeline

lint: setup
	swift format lint --strict --parallel --recursive Sources Tests Package.swift
	swift build -c release --build-tests --explicit-target-dependency-import-check error

arm64:
	@Scripts/arm64.sh

setup:
	@Scripts/setup.sh

python-env:
	@Scripts/python-env.sh
