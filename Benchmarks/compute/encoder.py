"""An encoder's forward pass in PyTorch."""
import torch
from transformers import AutoConfig, AutoModel

from batches import read


def load(folder, precision="fp32"):
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    is_bert = AutoConfig.from_pretrained(folder).model_type == "bert"
    arguments = {"add_pooling_layer": False} if is_bert else {}
    return AutoModel.from_pretrained(folder, dtype=dtype, **arguments).eval()


class TorchEncoder:
    def __init__(self, folder, inputs, precision):
        self.model = load(folder, precision)
        [file] = inputs
        self.batch = read(file)

    @torch.inference_mode()
    def run(self):
        return self.model(**self.batch.inputs).last_hidden_state

    def check(self):
        return {"hidden_states": self.run().flatten(0, 1)[self.batch.places].float()}
