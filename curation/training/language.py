"""Train and measure the shipped language model: `python -m curation.training.language DATA_DIR OUT.ftz`.

DATA_DIR holds one file a language named by its code (`en.txt` or `en.txt.gz`), one sentence a line: the folder
`language-testdata/sentences` of the lingua project. Nine tenths of the sentences, by hash, are learnt and one tenth
is held out. Takes about a minute on one core; same machine and libraries, same bytes.
"""

from __future__ import annotations

import gzip
import random
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from curation.language import MODEL_LANGUAGES, UNDETERMINED, LanguageIdentifier, normalise
from curation.training.fasttext_training import in_fresh_process, stable_hash, train_quantised

TRAIN = {"minn": 2, "maxn": 4, "dim": 24, "bucket": 400_000, "epoch": 10, "lr": 0.5, "minCount": 10}
QUANTISE = {"cutoff": 85_000, "qnorm": True, "epoch": 5}
WEB_LANGUAGES = frozenset(["en", "ru", "de", "es", "fr", "it", "pt", "pl", "nl", "tr", "fa", "vi", "id"])
"""The languages with the most pages in Common Crawl; short texts in them are learnt three times as often."""
HELD_OUT = 10
"""One sentence in this many is held out."""


def read_sentences(folder: Path) -> dict[str, list[str]]:
    """Distinct sentences of each language, in file order."""
    sentences: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.txt*")):
        code = path.name.split(".")[0]
        if len(code) > 3:
            continue  # SOURCE.txt and licences
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        sentences[code] = list(dict.fromkeys(line for line in raw.decode("utf-8").split("\n") if line.strip()))
    return sentences


def is_held_out(sentence: str) -> bool:
    """Whether a sentence is kept for measuring."""
    return stable_hash(sentence) % HELD_OUT == 0


def examples(sentences: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Sentences, fragments of three to seven words, and runs of three sentences, so that length decides nothing."""
    for code, lines in sentences.items():
        if code not in MODEL_LANGUAGES:
            continue
        learnt = [normalise(line) for line in lines if not is_held_out(line)]
        for i, line in enumerate(learnt):
            yield code, line
            words = line.split()
            for repeat in range(3 if code in WEB_LANGUAGES else 1):
                size = 3 + (i + repeat) % 5
                if len(words) > size:
                    start = stable_hash(f"fragment {repeat} {line}") % (len(words) - size + 1)
                    yield code, " ".join(words[start : start + size])
            if i % 2 == 0:
                yield code, " ".join(learnt[i : i + 3])
    yield from ((UNDETERMINED, line) for line in noise(sentences))


def noise(sentences: dict[str, list[str]]) -> Iterator[str]:
    """Strings in no language: letters at random, and the words of sentences with their letters shuffled."""
    generator = random.Random(1)
    for alphabet in ("abcdefghijklmnopqrstuvwxyz", "asdfghjklqwertyuiop", "bcdfghjklmnpqrstvwxz", "abcdef", "xyzabcmn"):
        for _ in range(500):
            words = (
                "".join(generator.choices(alphabet, k=generator.randint(2, 14))) for _ in range(_length(generator))
            )
            yield " ".join(words)
    for code in sorted(MODEL_LANGUAGES & sentences.keys()):
        for line in sentences[code][:30]:
            letters = unicodedata.normalize("NFC", normalise(line))
            yield " ".join("".join(generator.sample(word, len(word))) for word in letters.split())


def _length(generator: random.Random) -> int:
    return generator.choice((2, 4, 8, 16, 32, 64))


def report(identifier: LanguageIdentifier, sentences: dict[str, list[str]]) -> str:
    """Accuracy and macro-F1 on the held-out sentences, the commonest confusions, and scores against accuracy."""
    held_out = [(code, line) for code, lines in sentences.items() for line in lines if is_held_out(line)]
    found = identifier.identify([line for _, line in held_out])
    right = Counter(code for (code, _), language in zip(held_out, found, strict=True) if language.code == code)
    truth = Counter(code for code, _ in held_out)
    guesses = Counter(language.code for language in found)
    f1 = {code: 2 * right[code] / (truth[code] + guesses[code]) for code in truth}
    wrong = Counter((c, f.code) for (c, _), f in zip(held_out, found, strict=True) if f.code != c)
    lines = [
        f"held-out sentences {len(held_out)}, languages {len(truth)}",
        f"accuracy {sum(right.values()) / len(held_out):.4f}, macro-F1 {sum(f1.values()) / len(f1):.4f}",
        "lowest F1: " + ", ".join(f"{code} {f1[code]:.3f}" for code in sorted(f1, key=f1.__getitem__)[:8]),
        "confusions: " + ", ".join(f"{a}->{b} {n}" for (a, b), n in sorted(wrong.items(), key=lambda x: -x[1])[:10]),
    ]
    for low, high in ((0.0, 0.3), (0.3, 0.5), (0.5, 0.65), (0.65, 0.8), (0.8, 0.95), (0.95, 1.01)):
        inside = [f.code == c for (c, _), f in zip(held_out, found, strict=True) if low <= f.score < high]
        if inside:
            lines.append(f"score in [{low}, {high}): {len(inside)} sentences, {sum(inside) / len(inside):.3f} right")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Train, save and print the report."""
    if len(arguments) != 2:
        sys.exit("usage: python -m curation.training.language DATA_DIR OUT.ftz")
    folder, out = Path(arguments[0]), Path(arguments[1])
    sentences = read_sentences(folder)
    if not sentences.keys() >= MODEL_LANGUAGES:
        sys.exit(f"{folder}: has no sentences for {', '.join(sorted(MODEL_LANGUAGES - sentences.keys()))}")
    train_quantised(examples(sentences), out, train=TRAIN, quantise=QUANTISE)
    print(f"{out}: {out.stat().st_size} bytes")
    print(report(LanguageIdentifier(out), sentences))


if __name__ == "__main__":
    in_fresh_process("curation.training.language", main)
