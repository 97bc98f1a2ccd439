"""The peak memory of a process that does two training steps: prints one JSON object.

Usage: step_memory.py THREADS ARGUMENTS, where ARGUMENTS is the JSON of `training.MaskedStep`'s.
"""
import json
import re
import sys

import torch

from training import MaskedStep

torch.set_num_threads(int(sys.argv[1]))
step = MaskedStep(**json.loads(sys.argv[2]))
for _ in range(2):
    loss = float(step.run())
with open("/proc/self/status") as status:
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024
print(json.dumps({"peak_bytes": peak, "loss": loss}))
