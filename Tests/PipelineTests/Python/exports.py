"""Reads the exports of one corpus with numpy, compares them, prints sequences and tokens."""

import json
import struct
import sys

import numpy

megatron, flat, llmc = sys.argv[1:]

with open(megatron + ".idx", "rb") as file:
    assert file.read(9) == b"MMIDIDX\x00\x00"
    assert struct.unpack("<Q", file.read(8)) == (1,)
    dtype = {4: numpy.int32, 8: numpy.uint16}[struct.unpack("<B", file.read(1))[0]]
    sequences, documents = struct.unpack("<QQ", file.read(16))
    lengths = numpy.frombuffer(file.read(4 * sequences), dtype=numpy.int32)
    pointers = numpy.frombuffer(file.read(8 * sequences), dtype=numpy.int64)
    starts = numpy.frombuffer(file.read(8 * documents), dtype=numpy.int64)
    assert file.read() == b""
assert starts[0] == 0 and starts[-1] == sequences

ids = numpy.fromfile(flat + ".bin", dtype=dtype)
with open(flat + ".json") as file:
    sidecar = json.load(file)
assert sidecar["dtype"] == numpy.dtype(dtype).name
assert sidecar["tokens"] == len(ids) and sidecar["sequences"] == sequences
assert ids.max() < sidecar["vocabSize"]

data = numpy.fromfile(megatron + ".bin", dtype=dtype)
place = 0
for length, pointer in zip(lengths, pointers):
    first = pointer // data.itemsize
    assert (data[first : first + length] == ids[place : place + length]).all()
    place += length
assert place == len(ids) == len(data)

header = numpy.fromfile(llmc + ".bin", dtype=numpy.int32, count=256)
assert list(header[:3]) == [20240520, 1, len(ids)]
assert (numpy.fromfile(llmc + ".bin", dtype=numpy.uint16, offset=1024) == ids).all()

print(sequences, len(ids))
