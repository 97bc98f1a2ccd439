"""An encoder's forward pass in ONNX Runtime, with the graph as torch exports it.

`onnxruntime.transformers.optimizer` made the same graph slower (1.31, BERT-base, 2 threads), so it is left
to ONNX Runtime's own optimisation, which is on in full by default.
"""
import onnxruntime
import torch

from batches import read
from encoder import load


class Exported(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids):
        return self.model(input_ids=input_ids).last_hidden_state


class OnnxEncoder:
    def __init__(self, folder, inputs, precision, graph, threads):
        if precision != "fp32":
            raise ValueError(f"no {precision} in ONNX Runtime's CPU kernels")
        [file] = inputs
        self.batch = read(file)
        self.input = {"input_ids": self.batch.ids.numpy()}
        model = load(folder)
        model.set_attn_implementation("eager")
        torch.onnx.export(
            Exported(model).eval(), (self.batch.ids,), graph, input_names=["input_ids"],
            output_names=["hidden_states"], opset_version=17, dynamo=False,
            dynamic_axes={"input_ids": {0: "sequences", 1: "length"}})
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            graph, options, providers=["CPUExecutionProvider"])

    def run(self):
        return self.session.run(None, self.input)[0]

    def check(self):
        return {"hidden_states": torch.from_numpy(self.run()).flatten(0, 1)}
