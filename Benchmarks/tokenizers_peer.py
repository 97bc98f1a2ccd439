"""Tokenizing in nanotoken and Hugging Face `tokenizers`: prints MB/s as JSON.

Usage: tokenizers_peer.py VOCABULARY_FOLDER RUNS NAME=TEXT...

One thread each. nanotoken reads whole files; `tokenizers` gets the lines, of at most the first 4 MB,
since it is a hundred times slower. Best of the runs; cold is the first run of a new tokenizer.
"""
import json
import os
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer  # noqa: E402

folder, runs = sys.argv[1], int(sys.argv[2])
texts = dict(argument.split("=", 1) for argument in sys.argv[3:])
values = {}


def best(body, count):
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


reference = Tokenizer.from_file(f"{folder}/tokenizer.json")
reference.no_truncation()
reference.no_padding()
for name, path in texts.items():
    with open(path, encoding="utf-8", newline="\n") as file:
        head = file.read(4_000_000)
    lines = head.split("\n")
    megabytes = len(head.encode()) / 1e6
    count = max(1, runs // 3)
    values[f"tokenizers {name}"] = megabytes / best(
        lambda: reference.encode_batch_fast(lines, add_special_tokens=False), count)
    values[f"tokenizers offsets {name}"] = megabytes / best(
        lambda: reference.encode_batch(lines, add_special_tokens=False), count)

try:
    import nanotoken
except ImportError:
    nanotoken = None
if nanotoken:
    for name, path in texts.items():
        megabytes = os.path.getsize(path) / 1e6
        cold, warm, tokens = [], [], 0
        for _ in range(runs):
            tokenizer = nanotoken.Tokenizer(f"{folder}/tokenizer.json")

            def encode():
                return tokenizer.encode_files([path], add_special_tokens=False, parallel=False)

            cold.append(best(encode, 1))
            warm.append(best(encode, runs))
            tokens = len(encode().ids)
        values[f"nanotoken cold {name}"] = megabytes / min(cold)
        values[f"nanotoken warm {name}"] = megabytes / min(warm)
        values[f"nanotoken tokens {name}"] = tokens
print(json.dumps(values))
