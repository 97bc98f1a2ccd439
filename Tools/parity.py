#!/usr/bin/env python3
"""Compares `pipeline encode` with Hugging Face `tokenizers` on random strings.

Strings mix pools of scripts, controls, marks, unassigned and special code points. Each goes through
the fast path (lines) and is compared by IDs, tokens, offsets and word IDs under five settings of the
normalizer and under added tokens with every flag; a tenth more goes through the exact path (JSON
records) with pairs, truncation, stride and overflow. The first difference is printed and ends it.

    Tools/parity.py --pipeline .build/release/pipeline --vocabulary bert-base-uncased/vocab.txt
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

PINNED = "0.23.3"

POOLS = [
    [(0x20, 0x7E)], [(0x20, 0x7E)], [(0x61, 0x7A)], [(0x20, 0x20)],
    [(0x00, 0x09), (0x0B, 0x1F), (0x7F, 0x9F)], [(0xA0, 0x24F)], [(0x300, 0x36F)],
    [(0x370, 0x3FF), (0x400, 0x52F), (0x1E00, 0x1FFF)], [(0x590, 0x6FF)],
    [(0x8D4, 0x8E1), (0x1AB0, 0x1AFF), (0x1B44, 0x1B44), (0x302A, 0x302F), (0x1DC0, 0x1DFF)],
    [(0x900, 0xDFF)], [(0xE00, 0xFFF)], [(0x4E00, 0x4E40), (0x3400, 0x3410), (0xF900, 0xFA10)],
    [(0x3040, 0x30FF)], [(0xAC00, 0xAC60), (0x1100, 0x11FF), (0x3130, 0x318F)],
    [(0xE000, 0xE010), (0x378, 0x379), (0xFFF0, 0xFFFF), (0xFDD0, 0xFDEF)],
    [(0x2000, 0x206F), (0x2E00, 0x2E7F), (0x3000, 0x3020)], [(0x20A0, 0x214F), (0x2200, 0x22FF)],
    [(0x1F300, 0x1F64F), (0xFE00, 0xFE0F), (0x1F1E6, 0x1F1FF)],
    [(0x1D157, 0x1D172), (0x1E000, 0x1E02A), (0x1E8D0, 0x1E94A), (0x11000, 0x11650)],
    [(0x2B738, 0x2B742), (0x2B81E, 0x2B922), (0x2CEA0, 0x2CEB8), (0x2A6D8, 0x2A708)],
    [(0xE0001, 0xE007F), (0xE0100, 0xE01EF), (0xF0000, 0xF0010), (0x10FFF0, 0x10FFFF)],
    [(0, 0xD7FF), (0xE000, 0x10FFFF)],
]
SNIPPETS = [
    "[MASK]", "[SEP]", "[CLS]", "[UNK]", "[PAD]", "[MASK", "##", "##ing", "[unused1]", "the ",
    "un", "ing", "\r", "\t", "<ent>", " <ent> ", "FooBar", "foobar", "FOOBAR", "café", "CAFE\u0301",
    "don't", " . ", " , ", "a" * 99, "é" * 50, "x" * 101, "한" * 33, "1,234.56", "e\u0301\u0323",
]
SETTINGS = {
    "uncased": {},
    "cased": {"lowercase": False},
    "cased, accents stripped": {"lowercase": False, "strip_accents": True},
    "uncased, accents kept": {"strip_accents": False},
    "ideographs together": {"handle_chinese_chars": False},
    "not cleaned": {"clean_text": False},
}
ADDED = {
    "single words": [AddedToken("<ent>", single_word=True, normalized=False),
                     AddedToken("un", single_word=True, normalized=False)],
    "stripping": [AddedToken("<ent>", lstrip=True, normalized=False),
                  AddedToken("[unused1]", rstrip=True, normalized=False),
                  AddedToken("ing", lstrip=True, rstrip=True, single_word=True, normalized=False)],
    "normalized": [AddedToken("FooBar", normalized=True), AddedToken("Café", normalized=True),
                   AddedToken("the", normalized=True, single_word=True, lstrip=True)],
    "with spaces": [AddedToken("the un", normalized=False), AddedToken(". ,", normalized=True)],
}


def random_text(generator):
    parts = []
    for _ in range(generator.randint(1, 16)):
        if generator.random() < 0.15:
            parts.append(generator.choice(SNIPPETS))
            continue
        low, high = generator.choice(generator.choice(POOLS))
        for _ in range(generator.randint(1, 6)):
            point = generator.randint(low, high)
            if point != 0x0A and not 0xD800 <= point < 0xE000:
                parts.append(chr(point))
    return "".join(parts)


def reference(vocabulary, flags, added):
    ids = {}
    for number, token in enumerate(vocabulary):
        ids[token] = number
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    options = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
               "lowercase": True} | flags
    tokenizer.normalizer = normalizers.BertNormalizer(**options)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])])
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.add_tokens(added)
    return tokenizer


class Ours:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def __call__(self, lines, *options):
        result = subprocess.run(
            [self.program, "encode", "--tokenizer", self.folder, "--quiet", *options],
            input="".join(line + "\n" for line in lines).encode(), capture_output=True, check=False)
        if result.returncode != 0:
            sys.exit(result.stderr.decode())
        return [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]


def fields(encoding, names):
    values = {
        "ids": encoding.ids, "tokens": encoding.tokens,
        "offsets": [list(pair) for pair in encoding.offsets], "word_ids": encoding.word_ids,
        "type_ids": encoding.type_ids, "special_tokens_mask": encoding.special_tokens_mask,
        "attention_mask": encoding.attention_mask,
    }
    return {name: values[name] for name in names}


def compare(label, text, ours, expected, names):
    for name in names:
        if ours[name] != expected[name]:
            sys.exit(f"{label}: {name} differ for {json.dumps(text)}\n"
                     f"  reference {expected[name]}\n  pipeline  {ours[name]}")


def check_lines(label, ours, theirs, texts, strings_differ):
    # The fast path writes an added token as it is listed, the library as it stood in the text.
    names = ["ids", "offsets", "word_ids"] + ([] if strings_differ else ["tokens"])
    for text, found, encoding in zip(texts, ours(texts, "--format", "json"),
                                     theirs.encode_batch(texts), strict=True):
        compare(label, text, found, fields(encoding, names), names)


def check_records(label, ours, theirs, generator, count):
    names = ["ids", "tokens", "offsets", "word_ids", "type_ids", "special_tokens_mask",
             "attention_mask"]
    texts = [random_text(generator) for _ in range(count)]
    pairs = [random_text(generator) if generator.random() < 0.5 else None for _ in range(count)]
    length = generator.randint(4, 40)
    stride = generator.randint(0, (length - 3) // 2 - 1) if length >= 7 else 0
    # A pair has three special tokens, and may keep a single token of a side.
    pairs = [pair if stride == 0 else None for pair in pairs]
    records = [json.dumps({"text": text} | ({} if pair is None else {"pair": pair}))
               for text, pair in zip(texts, pairs)]
    theirs.enable_truncation(length, stride=stride)
    encodings = theirs.encode_batch(
        [text if pair is None else (text, pair) for text, pair in zip(texts, pairs)])
    theirs.no_truncation()
    found = ours(records, "--records", "--max-length", str(length), "--stride", str(stride))
    label = f"{label}, length {length}, stride {stride}"
    for record, one, encoding in zip(records, found, encodings, strict=True):
        compare(label, record, one, fields(encoding, names), names)
        if len(one["overflowing"]) != len(encoding.overflowing):
            sys.exit(f"{label}: {len(one['overflowing'])} parts overflow, "
                     f"not {len(encoding.overflowing)}, for {record}")
        for part, expected in zip(one["overflowing"], encoding.overflowing):
            compare(label + ", overflow", record, part, fields(expected, names), names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pipeline", default=".build/release/pipeline")
    parser.add_argument("--vocabulary", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=1_000_000, help="strings in all")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if tokenizers.__version__ != PINNED:
        sys.exit(f"tokenizers {tokenizers.__version__} is installed; behaviour is pinned to {PINNED}")
    vocabulary = [line.rstrip() for line in
                  arguments.vocabulary.read_text(encoding="utf-8").split("\n")]
    if vocabulary[-1] == "":
        vocabulary.pop()
    cases = [(name, flags, []) for name, flags in SETTINGS.items()]
    cases += [(name, {}, added) for name, added in ADDED.items()]
    batch = 20_000
    share = -(-arguments.count // len(cases))
    done = 0
    start = time.monotonic()
    for number, (label, flags, added) in enumerate(cases):
        theirs = reference(vocabulary, flags, added)
        generator = random.Random(f"{arguments.seed} {number}")
        with tempfile.TemporaryDirectory() as folder:
            theirs.save(f"{folder}/tokenizer.json")
            ours = Ours(arguments.pipeline, folder)
            left = share
            while left > 0:
                texts = [random_text(generator) for _ in range(min(batch, left))]
                check_lines(label, ours, theirs, texts, bool(added))
                check_records(label, ours, theirs, generator, len(texts) // 10)
                left -= len(texts)
                done += len(texts)
                print(f"parity: {done:,} strings equal, {label}, "
                      f"{time.monotonic() - start:.0f} s", flush=True)
    print(f"parity: all {done:,} strings equal tokenizers {PINNED}")


if __name__ == "__main__":
    main()
