"""Batches as `bench --compute` writes them: sequences end to end, without padding.

A file holds `ids` [tokens], `starts` [sequences + 1], and where the head is needed `rows` [n], the
tokens of it, with `labels` [n].
"""
import torch
from safetensors.torch import load_file


class Batch:
    """Sequences of a batch as PyTorch takes them: padded, with a mask where there is padding."""

    def __init__(self, ids, starts, rows=None, labels=None):
        lengths = starts.diff()
        count, longest = len(lengths), int(lengths.max())
        column = torch.arange(longest)
        is_token = column < lengths[:, None]
        self.ids = torch.zeros(count, longest, dtype=torch.long)
        self.ids[is_token] = ids.long()
        self.mask = None if bool(is_token.all()) else is_token.long()
        # Where each token of the packed batch lies in the padded one.
        self.places = is_token.flatten().nonzero().squeeze(1)
        self.rows = None if rows is None else self.places[rows.long()]
        self.labels = None if labels is None else labels.long()

    @property
    def inputs(self):
        inputs = {"input_ids": self.ids}
        if self.mask is not None:
            inputs["attention_mask"] = self.mask
        return inputs

    @property
    def all_labels(self):
        """Labels of every place, -100 where there is none, as the models of transformers take them."""
        labels = torch.full((self.ids.numel(),), -100)
        labels[self.rows] = self.labels
        return labels.view_as(self.ids)


def read(file):
    return Batch(**load_file(file))
