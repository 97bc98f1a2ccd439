"""Training steps in PyTorch: forward, backward, clipping and fused AdamW; bf16 is autocast."""
from contextlib import nullcontext

import torch
from transformers import AutoModelForMaskedLM

from batches import read


class Training:
    """Steps over batches that come round; a subclass says what the loss of one is."""

    def __init__(self, folder, inputs, precision, recipe):
        self.model = AutoModelForMaskedLM.from_pretrained(
            folder, dtype=torch.float32, dropout=0.0, attention_dropout=0.0).train()
        self.batches = [read(file) for file in inputs]
        self.precision, self.recipe, self.steps = precision, recipe, 0
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=recipe["learning_rate"],
            betas=(recipe["beta1"], recipe["beta2"]), eps=recipe["epsilon"],
            weight_decay=recipe["weight_decay"], fused=True)

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16) if self.precision == "bf16" else nullcontext()

    def run(self):
        batch = self.batches[self.steps % len(self.batches)]
        self.steps += 1
        self.optimizer.zero_grad()
        with self.autocast():
            loss = self.loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe["clip_norm"])
        self.optimizer.step()
        return loss.detach()

    def check(self):
        return {"losses": torch.stack([self.run().float() for _ in range(self.recipe["checked"])])}


class MaskedStep(Training):
    """Masked language modelling as transformers does it, the head at every place."""

    def loss(self, batch):
        return self.model(**batch.inputs, labels=batch.all_labels).loss
