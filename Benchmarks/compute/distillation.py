"""Distillation steps in PyTorch: the loss of DistilBERT's script, with three places for targets.

`targets` is "memory" (the teacher's probabilities and states at the masked positions were computed
before), "online" (a teacher beside the student, masked positions), or "all" (the same at all
positions, as the script has it).
"""
import torch
from torch.nn import functional
from transformers import AutoModelForMaskedLM

from heads import states_and_head
from training import Training


class DistillationStep(Training):
    def __init__(self, teacher, targets, precision, **arguments):
        super().__init__(precision=precision, **arguments)
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.teacher = AutoModelForMaskedLM.from_pretrained(teacher, dtype=dtype).eval()
        self.targets = targets
        self.kept = {}
        if targets == "memory":
            self.kept = {id(batch): self.teach(batch) for batch in self.batches}
            del self.teacher

    def chosen(self, batch, x):
        """Of all places, those that the losses see."""
        if self.targets == "all":
            return x if batch.mask is None else x[batch.places]
        return x[batch.rows]

    @torch.no_grad()
    def teach(self, batch):
        with torch.autocast("cpu", enabled=False):
            states, head = states_and_head(self.teacher, batch)
            states = self.chosen(batch, states)
            logits = head(states).float()
            return (logits / self.recipe["temperature"]).softmax(-1), states.float()

    def loss(self, batch):
        recipe, t = self.recipe, self.recipe["temperature"]
        kept = self.kept.get(id(batch))
        probabilities, teacher_states = self.teach(batch) if kept is None else kept
        states, head = states_and_head(self.model, batch)
        states = self.chosen(batch, states)
        logits = head(states).float()
        labels = batch.labels
        if self.targets == "all":
            labels = self.chosen(batch, batch.all_labels.flatten())
        soft = t * t * functional.kl_div(
            (logits / t).log_softmax(-1), probabilities, reduction="batchmean")
        hard = functional.cross_entropy(logits, labels)
        cosine = functional.cosine_embedding_loss(
            states.float(), teacher_states, torch.ones(len(states)))
        return (
            recipe["alpha_ce"] * soft + recipe["alpha_mlm"] * hard + recipe["alpha_cos"] * cosine)
