"""Vocabularies as Hugging Face `tokenizers` trains them: prints JSON.

    train_vocab.py TEXT SIZE   the vocabulary of a text, uncased, as a list
    train_vocab.py > train-vocab.json   the cases of the tests, made with tokenizers 0.23.3

The order of the `##` forms of the alphabet, and with it the choice between equally common pairs,
changes there from run to run. As special tokens they have an order, and the result repeats.
"""
import json
import pathlib
import random
import sys

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def train(text, size, min_frequency=2, alphabet_limit=1000, lowercase=True, initial_alphabet="",
          more_special_tokens=()):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    lines = text.split("\n")
    continuing = set()
    for line in lines:
        normalized = tokenizer.normalizer.normalize_str(line)
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized):
            continuing.update(word[1:])
    special_tokens = BERT + ["##" + character for character in sorted(continuing)]
    special_tokens += more_special_tokens
    tokenizer.train_from_iterator(lines, trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=min_frequency, limit_alphabet=alphabet_limit,
        initial_alphabet=list(initial_alphabet), special_tokens=special_tokens,
        show_progress=False))
    vocabulary = tokenizer.get_vocab()
    return special_tokens, sorted(vocabulary, key=vocabulary.get)


def random_text(seed, letters, words, longest):
    """Few letters and many repeats: tokens that arise in several ways."""
    generator = random.Random(seed)
    text = []
    for _ in range(words):
        word = "".join(generator.choice(letters) for _ in range(generator.randint(1, longest)))
        text += [word] * generator.choice([1, 1, 2, 5])
    return " ".join(text)


def cases():
    yield dict(text=None, size=1500)
    yield dict(text=None, size=900, min_frequency=3, lowercase=False)
    yield dict(text=None, size=600, alphabet_limit=30, initial_alphabet="Ωz")
    yield dict(text=None, size=20000, min_frequency=0, more_special_tokens=["layer", "##ing"])
    yield dict(text=random_text(1, "ab", 120, 12), size=400, min_frequency=1)
    yield dict(text=random_text(2, "abc", 150, 9), size=500, min_frequency=2)
    yield dict(text=random_text(3, "aé漢", 100, 8), size=300, min_frequency=5)


def case(options):
    special_tokens, vocabulary = train(**{
        **options, "text": options["text"] if options["text"] is not None else TEXT})
    names = dict(min_frequency=2, alphabet_limit=1000, lowercase=True, initial_alphabet="")
    names.update({key: value for key, value in options.items() if key != "more_special_tokens"})
    return {**names, "special_tokens": special_tokens, "vocabulary": vocabulary}


if len(sys.argv) > 1:
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    special_tokens, vocabulary = train(text, int(sys.argv[2]))
    print(json.dumps(dict(special_tokens=special_tokens, vocabulary=vocabulary)))
else:
    TEXT = pathlib.Path(__file__).with_name("train-vocab.txt").read_text(encoding="utf-8")
    print("[" + ",\n".join(json.dumps(case(options), ensure_ascii=False) for options in cases())
          + "]")
