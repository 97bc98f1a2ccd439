"""What `bench` measures, in PyTorch: prints one JSON object of medians.

Usage: peers.py THREADS RUNS; needs torch and transformers. Random weights, fp32.
"""
import json
import statistics
import sys
import time

import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertForMaskedLM

threads, runs = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
torch.manual_seed(1)
VOCAB = 30522


def median_seconds(body, runs=runs):
    body()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@torch.inference_mode()
def product():
    rows, columns, inner = 2048, 3072, 768
    left, right = torch.randn(rows, inner), torch.randn(columns, inner)
    return 2e-9 * rows * columns * inner / median_seconds(lambda: left @ right.T, 3 * runs)


@torch.inference_mode()
def encoder(layers, hidden):
    config = BertConfig(
        vocab_size=VOCAB, hidden_size=hidden, num_hidden_layers=layers,
        num_attention_heads=12, intermediate_size=4 * hidden)
    model = BertModel(config, add_pooling_layer=False).eval()
    ids = torch.randint(VOCAB, (8, 128))
    return ids.numel() / median_seconds(lambda: model(ids))


def train(layers, hidden):
    """A masked-language-model step: forward, backward, AdamW; 15 % of the tokens have labels."""
    config = DistilBertConfig(
        vocab_size=VOCAB, dim=hidden, n_layers=layers, n_heads=12, hidden_dim=4 * hidden,
        dropout=0.0, attention_dropout=0.0)
    model = DistilBertForMaskedLM(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    ids = torch.randint(VOCAB, (32, 128))
    labels = torch.where(torch.rand(ids.shape) < 0.15, ids, -100)

    def step():
        optimizer.zero_grad()
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()

    return ids.numel() / median_seconds(step, max(1, runs // 2))


print(json.dumps({
    "product": product(),
    "encoder 12x768": encoder(12, 768),
    "encoder 6x384": encoder(6, 384),
    "train 3x384": train(3, 384),
}))
