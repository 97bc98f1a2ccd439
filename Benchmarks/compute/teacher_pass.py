"""A teacher over text of mixed lengths: encoder, head at the masked positions, the largest logits.

As sentence-transformers' `encode` batches: lines sorted by length, 32 a batch, padded to the longest.
"""
import torch
from safetensors.torch import load_file
from transformers import AutoModelForMaskedLM

from batches import Batch
from heads import states_and_head


class TeacherPass:
    def __init__(self, folder, inputs, precision, k, lines=32):
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        self.model = AutoModelForMaskedLM.from_pretrained(folder, dtype=dtype).eval()
        self.k = k
        [file] = inputs
        text = load_file(file)
        self.ids, self.starts, self.rows = text["ids"], text["starts"], text["rows"]
        self.lines = lines

    def batches(self):
        """Padding is a part of the work."""
        lengths = self.starts.diff()
        order = lengths.argsort(descending=True, stable=True)
        row_of_line = torch.searchsorted(self.rows, self.starts)
        for first in range(0, len(order), self.lines):
            chosen = order[first:first + self.lines].tolist()
            ids, rows, indexes, starts = [], [], [], [0]
            for line in chosen:
                begin, end = self.starts[line], self.starts[line + 1]
                of_line = slice(row_of_line[line], row_of_line[line + 1])
                ids.append(self.ids[begin:end])
                rows.append(self.rows[of_line] - begin + starts[-1])
                indexes.append(torch.arange(of_line.start, of_line.stop))
                starts.append(starts[-1] + int(end - begin))
            yield Batch(torch.cat(ids), torch.tensor(starts), torch.cat(rows)), torch.cat(indexes)

    @torch.inference_mode()
    def run(self):
        values = torch.empty(len(self.rows), self.k)
        ids = torch.empty(len(self.rows), self.k, dtype=torch.int32)
        for batch, indexes in self.batches():
            if len(indexes) == 0:
                continue
            states, head = states_and_head(self.model, batch)
            top = head(states[batch.rows]).topk(self.k)
            values[indexes] = top.values.float()
            ids[indexes] = top.indices.int()
        return values, ids

    def check(self):
        values, ids = self.run()
        return {"values": values, "ids": ids}
