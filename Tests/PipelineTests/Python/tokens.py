"""Tokens of texts by `tokenizers` and `transformers`: tokens.py FOLDER TEXT ..., prints JSON."""
import json
import sys

from tokenizers import Tokenizer
from transformers import AutoTokenizer

folder, texts = sys.argv[1], sys.argv[2:]


def fields(encoding):
    return dict(ids=encoding.ids, offsets=encoding.offsets)


fast = Tokenizer.from_file(folder + "/tokenizer.json")
auto = AutoTokenizer.from_pretrained(folder)
result = []
for text in texts:
    ours = auto(text, return_offsets_mapping=True)
    encoding = fast.encode(text)
    result.append(dict(
        fast=fields(encoding), decoded=fast.decode(encoding.ids),
        auto=dict(ids=ours["input_ids"], offsets=ours["offset_mapping"])))
print(json.dumps(result))
