"""What Hugging Face `tokenizers` 0.23.3 makes of added tokens with every flag: prints JSON.

    added_tokens.py > added-tokens.json

Each tokenizer is written out as its own `tokenizer.json`. A case has the tokenizer's number, whether
special tokens are ordinary text (`encode_special_tokens`), the text, and per token the ID, string,
start, end and word. Where that is the same as with special tokens, the case is left out.
"""
import json
import random

from tokenizers import (AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers,
                        processors)

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["foo", "bar", "hello", "world", "cafe", "the", "un", "##bar", "##able", "##ing", "ent", "é", "É",
         "##é", "漢", "ß", "İ", "##İ", "\u0301", "😀", "_", "-", "<", ">", "[", "]", ".", "/", "1"]
VOCABULARY = BERT + WORDS + [c for c in "abcdefghijklmnopqrstuvwxyz"]
VOCABULARY += ["##" + c for c in "abcdefghijklmnopqrstuvwxyz0123456789"]


def token(content, special=False, normalized=False, single_word=False, lstrip=False, rstrip=False):
    return AddedToken(content, special=special, normalized=normalized, single_word=single_word,
                      lstrip=lstrip, rstrip=rstrip)


def tokenizer(tokens, **flags):
    made = Tokenizer(models.WordPiece({t: i for i, t in enumerate(VOCABULARY)}, unk_token="[UNK]",
                                      max_input_chars_per_word=12))
    made.normalizer = normalizers.BertNormalizer(**flags)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.decoder = decoders.WordPiece(prefix="##")
    made.add_special_tokens(BERT)
    for one in tokens:
        (made.add_special_tokens if one.special else made.add_tokens)([one])
    return made


def tokenizers():
    # Each flag alone and with each other, on special and other tokens.
    everything = []
    for number in range(32):
        bits = [bool(number >> bit & 1) for bit in range(5)]
        everything.append(token(f"<T{number}>", *bits))
    yield tokenizer(everything, lowercase=True)
    yield tokenizer(everything, lowercase=False)
    # Contents that overlap, and that are part of each other.
    yield tokenizer([token("ab"), token("abc", special=True), token("bcd", normalized=True),
                     token("ABCD", normalized=True), token("cd", single_word=True),
                     token("abcde", single_word=True)], lowercase=True)
    # Contents that normalization changes. (Of those that it makes equal, the reference takes now the
    # one, now the other.)
    yield tokenizer([token("FOO", special=True, normalized=True), token("Café", normalized=True),
                     token("漢", normalized=True), token("İ", normalized=True)], lowercase=True)
    yield tokenizer([token("FOO", normalized=True), token("Café", normalized=True),
                     token("CAFE\u0301", normalized=True), token("漢字", normalized=True),
                     token("İ", normalized=True)], lowercase=True, strip_accents=False)
    # White space inside and at the ends of contents, beside tokens that take it in.
    yield tokenizer([token("the un"), token(" foo"), token("bar "), token("hello", lstrip=True,
                     rstrip=True), token("world", rstrip=True), token("a b", normalized=True),
                     token("x\ty", normalized=True)], lowercase=True)
    # Words of the vocabulary, a continuation, and a special token with other flags.
    yield tokenizer([token("un", single_word=True), token("##ing"), token("able", lstrip=True,
                     normalized=True), token("[ENT]", special=True, lstrip=True, rstrip=True),
                     token("ent", special=True, single_word=True), token("é", single_word=True)],
                    lowercase=True, clean_text=False)


FLAGGED = [f"<T{number}>" for number in range(32)]
CONTENTS = ["ab", "abc", "bcd", "ABCD", "abcd", "cd", "abcde", "Foo", "FOO", "foo", "Café", "cafe",
            "CAFE\u0301", "漢", "漢字", "İ", "the un", " foo", "bar ", "hello", "HELLO", "world",
            "a b", "A  B", "x\ty", "un", "##ing", "able", "Able", "[ENT]", "[ent]", "ent", "é", "É"]
AROUND = ["", " ", "  ", "\t", "\n", "\u00a0", "\u3000", "\u2028", "\u0085", "\u000b", "\u200b", "a",
          "Z", "1", "_", "-", ".", "\u0301", "\u0903", "😀", "漢", "ß", "\u200d", "ª", "²", "Ⅷ", "٣",
          "ⓐ", "\u20dd", "‿", "[MASK]", "\u00ad", "\ufffd", "\u0000", "e\u0301"]


def texts(number):
    generator = random.Random(number)
    contents = FLAGGED if number < 2 else CONTENTS
    yield ""
    for content in contents:
        yield content
    for around in AROUND[1:]:
        content = generator.choice(contents)
        yield around + content + around
        yield content + around + generator.choice(contents)
    for _ in range(30):
        parts = []
        for _ in range(generator.randint(2, 4)):
            parts += [generator.choice(contents), generator.choice(AROUND)]
        yield "".join(parts)


def encode(made, text):
    encoding = made.encode(text, add_special_tokens=False)
    return [[i, t, *o, w] for i, t, o, w in zip(
        encoding.ids, encoding.tokens, encoding.offsets, encoding.word_ids)]


everyone = list(tokenizers())
lines = []
for number, made in enumerate(everyone):
    for text in dict.fromkeys(texts(number)):
        made.encode_special_tokens = False
        with_special = encode(made, text)
        lines.append([number, False, text, with_special])
        made.encode_special_tokens = True
        without = encode(made, text)
        if without != with_special:
            lines.append([number, True, text, without])
    made.encode_special_tokens = False


def compact(value):
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def fields(number, plain, text, tokens):
    return dict(tokenizer=number, plain=plain, text=text, ids=[t[0] for t in tokens],
                tokens=[t[1] for t in tokens], offsets=[t[2:4] for t in tokens],
                words=[t[4] for t in tokens])


def decoded(number, made):
    """Each added token beside a word and a continuation, special tokens left out or not."""
    ids = [7, 12]
    for content in sorted(made.get_added_tokens_decoder()):
        ids += [content, 7]
    return dict(tokenizer=number, ids=ids, text=made.decode(ids),
                whole=made.decode(ids, skip_special_tokens=False))


print('{"tokenizers":[')
print(",\n".join(compact(json.loads(made.to_str())) for made in everyone))
print('],\n"cases":[')
print(",\n".join(compact(fields(*line)) for line in lines))
print('],\n"decoded":[')
print(",\n".join(compact(decoded(*pair)) for pair in enumerate(everyone)))
print("]}")
