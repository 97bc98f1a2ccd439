"""Reads the records of a cache from LMDB and from MDS (mosaicml-streaming, zstd).

Usage: reading_peers.py FOLDER HEAD RANK COPIES RUNS; needs numpy, lmdb and mosaicml-streaming. FOLDER
holds what `bench --reading` exports. A record is a sequence: its token IDs, positions, head IDs (16
bits each), head logits, coefficients and tail masses (fp16), as the bytes of numpy arrays. Both are
written once, compared with what was exported, and then read on one core to arrays of int32 and float32
in an order that is shuffled by block. LMDB's records are read in two ways: `lmdb` converts each field,
`lmdb_at_once` converts all that is whole and all that is not, and the fields are views of that. Prints
one JSON object of sequences per second of processor time, the median of RUNS after a warm-up.
"""
import json
import os
import random
import statistics
import sys
import time

import lmdb
import numpy as np

folder, head, rank, copies, runs = sys.argv[1], *map(int, sys.argv[2:6])
os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})


def exported(name, dtype):
    return np.fromfile(f"{folder}/{name}", dtype)


lengths, rows = exported("lengths", np.int32), exported("rows", np.int32)
blocks = exported("blocks", np.int32)
starts, firsts = np.concatenate([[0], lengths.cumsum()]), np.concatenate([[0], rows.cumsum()])
tokens, positions = exported("tokens", np.int32), exported("positions", np.int32)
head_ids = exported("head_ids", np.int32).reshape(-1, head)
head_logits = exported("head_logits", np.float32).reshape(-1, head)
coefficients = exported("coefficients", np.float32).reshape(-1, rank)
tails = exported("tails", np.float32).reshape(len(positions), -1)
sequences = len(lengths)


def record(index):
    """What is kept of a sequence, field by field."""
    token, row = slice(*starts[index:index + 2]), slice(*firsts[index:index + 2])
    return {
        "tokens": tokens[token].astype(np.uint16),
        "positions": positions[row].astype(np.uint16),
        "head_ids": head_ids[row].astype(np.uint16),
        "head_logits": head_logits[row].astype(np.float16),
        "coefficients": coefficients[row].astype(np.float16),
        "tails": tails[row].astype(np.float16),
    }


def targets(fields):
    """What a trainer takes."""
    return {
        name: values.astype(np.int32 if values.dtype == np.uint16 else np.float32)
        for name, values in fields.items()
    }


def check(read, index):
    for name, expected in targets(record(index)).items():
        if not np.array_equal(read[name], expected):
            sys.exit(f"record {index}: {name} is not what was written")


def order(seed):
    """All records, blocks shuffled and the records within each; copies are blocks of their own."""
    generator = random.Random(seed)
    bounds = np.concatenate([[0], blocks.cumsum()])
    parts = [
        copy * sequences + np.arange(bounds[block], bounds[block + 1])
        for copy in range(copies) for block in range(len(blocks))
    ]
    generator.shuffle(parts)
    result = []
    for part in parts:
        part = part.tolist()
        generator.shuffle(part)
        result += part
    return result


def rate(body):
    """Sequences per second of processor time of a body that reads all records and returns their number."""
    seconds = []
    for run in range(runs + 1):
        start = time.process_time()
        count = body(run)
        seconds.append(time.process_time() - start)
        if count != copies * sequences:
            sys.exit(f"{count} of {copies * sequences} records were read")
    return copies * sequences / statistics.median(seconds[1:])


def key(index):
    return index.to_bytes(4, "big")


def write_lmdb(path):
    with lmdb.open(path, map_size=1 << 34) as environment:
        with environment.begin(write=True) as transaction:
            for index in range(copies * sequences):
                fields = record(index % sequences).values()
                counts = np.array(
                    [lengths[index % sequences], rows[index % sequences]], np.uint16)
                transaction.put(key(index), b"".join(x.tobytes() for x in [counts, *fields]))


def read_lmdb(transaction, index):
    value = transaction.get(key(index))
    length, count = np.frombuffer(value, np.uint16, 2).tolist()
    place = 4
    result = {}
    for name, dtype, columns, n in (
        ("tokens", np.uint16, 0, length), ("positions", np.uint16, 0, count),
        ("head_ids", np.uint16, head, count * head),
        ("head_logits", np.float16, head, count * head),
        ("coefficients", np.float16, rank, count * rank),
        ("tails", np.float16, tails.shape[1], count * tails.shape[1]),
    ):
        values = np.frombuffer(value, dtype, n, place)
        place += 2 * n
        values = values.astype(np.int32 if dtype is np.uint16 else np.float32)
        result[name] = values.reshape(count, columns) if columns else values
    return result


def read_lmdb_at_once(transaction, index):
    """The same arrays as views of two, which are made with one conversion each."""
    value = transaction.get(key(index))
    length, count = np.frombuffer(value, np.uint16, 2).tolist()
    integers = np.frombuffer(value, np.uint16, length + count * (1 + head), 4).astype(np.int32)
    logits, coefficients = count * head, count * (head + rank)
    numbers = coefficients + count * tails.shape[1]
    floats = np.frombuffer(value, np.float16, numbers, 4 + 2 * len(integers)).astype(np.float32)
    return {
        "tokens": integers[:length], "positions": integers[length:length + count],
        "head_ids": integers[length + count:].reshape(count, head),
        "head_logits": floats[:logits].reshape(count, head),
        "coefficients": floats[logits:coefficients].reshape(count, rank),
        "tails": floats[coefficients:].reshape(count, tails.shape[1]),
    }


def measure_lmdb():
    path = f"{folder}/lmdb"
    write_lmdb(path)
    with lmdb.open(path, readonly=True, lock=False) as environment:
        with environment.begin(buffers=True) as transaction:
            def measure(read):
                for index in range(sequences):
                    check(read(transaction, index), index)
                return rate(
                    lambda seed: sum(
                        len(read(transaction, index)["head_ids"]) >= 0 for index in order(seed)))

            return {"lmdb": measure(read_lmdb), "lmdb_at_once": measure(read_lmdb_at_once)}


def measure_mds():
    from streaming import LocalDataset, MDSWriter, StreamingDataset

    path = f"{folder}/mds"
    columns = {name: f"ndarray:{x.dtype.name}" for name, x in record(0).items()}
    with MDSWriter(out=path, columns=columns, compression="zstd") as writer:
        for index in range(copies * sequences):
            writer.write(record(index % sequences))
    # Shards are unpacked when they are first used; that is not measured.
    streaming = StreamingDataset(
        local=path, shuffle=True, shuffle_seed=1, batch_size=32, num_canonical_nodes=1,
        shuffle_block_size=max(sequences // len(blocks), 1))
    for index in range(sequences):
        check(targets(streaming[index]), index)
    local = LocalDataset(path)

    def iterate(_):
        return sum(len(targets(x)["head_ids"]) >= 0 for x in streaming)

    def index_into(seed):
        return sum(len(targets(local[i])["head_ids"]) >= 0 for i in order(seed))

    return max(rate(iterate), rate(index_into))


figures = measure_lmdb()
try:
    figures["mds"] = measure_mds()
except ImportError as error:
    print(f"reading_peers: no MDS: {error}", file=sys.stderr)
print(json.dumps(figures))
sys.stdout.flush()
# The workers of mosaicml-streaming need no farewell.
os._exit(0)
