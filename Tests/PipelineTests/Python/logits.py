"""Loads a model folder with transformers and writes what it makes of some texts.

Usage: logits.py FOLDER OUTPUT.safetensors TEXT...

Writes input_ids and attention_mask [texts, longest] and the logits [texts, longest, vocabulary] in
fp32, all texts in one padded batch.
"""

import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForMaskedLM, AutoTokenizer

folder, output, *texts = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
model = AutoModelForMaskedLM.from_pretrained(
    folder, local_files_only=True, dtype=torch.float32).eval()
batch = tokenizer(texts, padding=True, return_tensors="pt")
inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
with torch.no_grad():
    logits = model(**inputs).logits
save_file({**{name: value.contiguous() for name, value in inputs.items()},
           "logits": logits.contiguous()}, output)
