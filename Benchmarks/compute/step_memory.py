"""The peak memory of a process that does two training steps: prints one JSON object.

Usage: step_memory.py THREADS WORK, where WORK is the JSON of a step's arguments and its `kind`.
"""
import json
import re
import sys

import torch

from distillation import DistillationStep
from training import MaskedStep

KINDS = {"mlm_step": MaskedStep, "distillation_step": DistillationStep}

torch.set_num_threads(int(sys.argv[1]))
work = json.loads(sys.argv[2])
step = KINDS[work.pop("kind")](**work)
for _ in range(2):
    loss = float(step.run())
with open("/proc/self/status") as status:
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024
print(json.dumps({"peak_bytes": peak, "loss": loss}))
