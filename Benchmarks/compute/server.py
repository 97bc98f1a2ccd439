"""Does the work of `bench --compute` in PyTorch and ONNX Runtime, when it is told to.

Usage: server.py THREADS; needs torch and transformers, and onnxruntime for "onnx_encoder". Writes the
versions of its libraries as one JSON object, then reads one a line and answers each with one:

    {"do": "prepare", "task": NAME, "work": {"kind": KIND, ...}, "output": FILE}   {}
    {"do": "run", "task": NAME, "times": N}                                        {"seconds": S}
    {"do": "drop", "task": NAME}                                                   {}

`prepare` makes a task and writes what it computes to FILE (safetensors), so that it can be compared;
`run` times N repetitions. An answer {"error": TEXT} says what failed.
"""
import gc
import json
import os
import sys
import time
from importlib import metadata

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what a library prints is no answer

import torch
from safetensors.torch import save_file

threads = int(sys.argv[1])
torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
tasks = {}


def make(kind, **arguments):
    """A task: `check()` gives its outputs by name, `run()` does the work once."""
    if kind == "encoder":
        from encoder import TorchEncoder as Task
    elif kind == "onnx_encoder":
        from onnx_encoder import OnnxEncoder as Task
        arguments["threads"] = threads
    elif kind == "teacher_pass":
        from teacher_pass import TeacherPass as Task
    elif kind == "mlm_step":
        from training import MaskedStep as Task
    elif kind == "distillation_step":
        from distillation import DistillationStep as Task
    else:
        raise ValueError(f"no kind of task is called {kind}")
    return Task(**arguments)


def answer(do, task, times=1, work=None, output=None):
    if do == "prepare":
        tasks[task] = make(**work)
        outputs = {name: x.contiguous() for name, x in tasks[task].check().items()}
        save_file(outputs, output)
    elif do == "run":
        body = tasks[task].run
        start = time.perf_counter()
        for _ in range(times):
            body()
        return {"seconds": time.perf_counter() - start}
    elif do == "drop":
        tasks.pop(task, None)
        gc.collect()
    else:
        raise ValueError(f"no command is called {do}")
    return {}


def write(result):
    print(json.dumps(result), file=answers, flush=True)


installed = {x.name: x.version for x in metadata.distributions()}
write({x: installed[x] for x in ("torch", "transformers", "onnxruntime") if x in installed})
for line in sys.stdin:
    try:
        write(answer(**json.loads(line)))
    except Exception as error:
        write({"error": f"{type(error).__name__}: {error}"})
