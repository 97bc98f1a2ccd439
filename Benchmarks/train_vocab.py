"""The training of a vocabulary in Hugging Face `tokenizers`: prints the median seconds as JSON.

Usage: train_vocab.py TEXT RUNS; RAYON_NUM_THREADS says on how many threads.
"""
import json
import statistics
import sys
import time

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

text, runs = sys.argv[1], int(sys.argv[2])


def train():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train([text], trainers.WordPieceTrainer(
        vocab_size=30522, min_frequency=2, limit_alphabet=1000, show_progress=False,
        special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))


seconds = []
for run in range(runs + 1):  # the first warms up
    start = time.perf_counter()
    train()
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": statistics.median(seconds[1:])}))
