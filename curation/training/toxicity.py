"""Train, calibrate and measure the shipped toxicity model: `python -m curation.training.toxicity DATA_DIR OUT.ftz`.

DATA_DIR is a folder with `toxicity/`, `langid/`, `text/`, `quality/` and `extraction/` as `toxicity_data` reads them.
Writes OUT.ftz and its calibration OUT.json and prints the report; a minute or two on one core. With
`--word-candidates N` in place of OUT it prints the words from which `models/toxic_words/en.txt` was chosen by hand.

What keeps the model from learning where a text comes from instead of what it says:
- every set of labelled posts gives as many neutral as toxic examples, resampled to a stated number;
- neutral sentences of Civil Comments come from the very comments whose other sentences are toxic;
- toxic and neutral sentences are also set beside web prose, with the label of the sentence;
- posts lose what marks their platform (users, hashes, `RT`), see `toxicity_data._social`.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curation.toxicity import CATEGORIES, DOCUMENT_THRESHOLD, ToxicityModel
from curation.toxicity_kernel import MAX_LENGTH, WINDOW
from curation.toxicity_model import ABUSE, CLEAN, HATE, SEXUAL, LinearToxicity
from curation.toxicity_text import fold, normalise, normalised
from curation.training import toxicity_data as data
from curation.training.fasttext_training import in_fresh_process, stable_hash, train_quantised
from curation.training.language import read_sentences
from curation.training.own_comments import comments, phrases
from curation.training.own_sentences import identity_names, identity_sentences, small_print
from curation.word_lists import FOLDER, read_list, shipped_lists
from manifests.digests import canonical_json
from manifests.files import write_bytes

TRAIN = {"minn": 3, "maxn": 5, "wordNgrams": 2, "dim": 8, "minCount": 3, "bucket": 500_000, "epoch": 4, "lr": 0.1}
QUANTISE = {"cutoff": 200_000, "qnorm": True, "epoch": 2, "lr": 0.05}

# Examples of each set, toxic and neutral, after resampling.
LABELLED: tuple[tuple[Callable[[Path], Iterable[data.Example]], int, int], ...] = (
    (data.davidson, 6000, 6000),
    (data.edos, 1500, 1500),
    (data.toxigen, 3000, 3000),
    (data.implicit_hate, 1000, 1000),
    (data.identity_templates, 1500, 3000),
)
CIVIL_SENTENCES, CIVIL_COMMENTS, MIXED = 8000, 5000, 5000
OWN_HOSTILE, OWN_NEUTRAL, SMALL_PRINT, SHORT = 2000, 18_000, 2500, 6000
OWN_FRAMES = {ABUSE: 10_000, CLEAN: 6000}
OWN_PHRASES = {ABUSE: 6000, HATE: 1000, SEXUAL: 3000, CLEAN: 16_000}
WEB, BOOKS, ENGLISH, OTHER_LANGUAGES = 20_000, 5000, 900, 5000
HATE_HANDICAP = 1.0
"""Taken from the log-odds of hate: halves false alarms on identity templates and costs comments nothing."""
CALIBRATED_ON = ("davidson", "toxigen", "civil_comments")


def windows(text: str) -> list[str]:
    """The normalised windows of a text, as the model will be asked for them."""
    found = []
    for line in normalise(text).split("\n"):
        words = line.split()
        lengths = [min(len(word), MAX_LENGTH) + 1 for word in words]
        total = sum(lengths)
        count = -(-total // WINDOW)
        offsets = itertools.accumulate(lengths, initial=0)
        placed = [(offset * count // total, word) for offset, word in zip(offsets, words, strict=False)]
        for _, members in itertools.groupby(placed, key=lambda pair: pair[0]):
            found.append(_joined(word[:MAX_LENGTH] for _, word in members))
    return found


def one_line(text: str) -> str:
    """A text as one normalised line."""
    return _joined(normalise(text).split())


def _joined(words: Iterable[str]) -> str:
    return " ".join(filter(None, map(fold, words)))


def resampled(texts: Iterable[str], count: int) -> Iterator[str]:
    """`count` texts: the distinct non-empty ones in the order of their hashes, again and again."""
    ordered = sorted({text for text in texts if text}, key=lambda text: (stable_hash(text), text))
    return (ordered[i % len(ordered)] for i in range(count))


def examples(folder: Path) -> Iterator[tuple[str, str]]:
    """(label, normalised line) of everything that is learnt."""
    for read, toxic_count, neutral_count in LABELLED:
        learnt = [(e.label, one_line(e.text)) for e in read(folder) if not e.held_out and not _misnamed(e)]
        yield from _resampled_by_label([pair for pair in learnt if pair[0] != CLEAN], toxic_count)
        yield from _resampled_by_label([pair for pair in learnt if pair[0] == CLEAN], neutral_count)

    parted = [pair for pair in data.civil_comments(folder) if not pair[0] or not pair[0][0].held_out]
    sentences = {
        label: [one_line(s.text) for parts, _ in parted for s in parts if s.label == label] for label in (ABUSE, CLEAN)
    }
    for label in (ABUSE, CLEAN):
        for line in resampled(sentences[label], CIVIL_SENTENCES):
            yield label, line
    for line in resampled(_toxic_windows(parted), CIVIL_COMMENTS):
        yield ABUSE, line

    ours = [(label, one_line(text)) for label, text in phrases()]
    for pairs, amounts in (([(k, one_line(t)) for k, t in comments()], OWN_FRAMES), (ours, OWN_PHRASES)):
        for label, count in amounts.items():
            for line in resampled((line for kind, line in pairs if kind == label), count):
                yield label, line
    own = [(toxic, one_line(text)) for toxic, text in identity_sentences()]
    for toxic, count in ((True, OWN_HOSTILE), (False, OWN_NEUTRAL)):
        for line in resampled((line for hostile, line in own if hostile == toxic), count):
            yield HATE if toxic else CLEAN, line
    for lines in (identity_names(), small_print()):
        for line in resampled(map(one_line, lines), SMALL_PRINT):
            yield CLEAN, line

    pages = [text for text, held_out in data.web_documents(folder) if not held_out]
    for line in resampled((window for page in pages for window in windows(page)), WEB):
        yield CLEAN, line
    paragraphs = [text for text, held_out in data.books(folder) if not held_out]
    for line in resampled((window for text in paragraphs for window in windows(text)), BOOKS):
        yield CLEAN, line
    languages = read_sentences(folder / "langid/lingua_sentences")
    english = (one_line(text) for text in languages.pop("en") if not data.is_held_out(text))
    for line in resampled(english, ENGLISH):
        yield CLEAN, line
    others = (one_line(t) for texts in languages.values() for t in texts[:150] if not data.is_held_out(t))
    for line in resampled(others, OTHER_LANGUAGES):
        yield CLEAN, line
    yield from _mixed(sentences, pages, MIXED)
    by_label = {label: [line for kind, line in ours if kind == label] for label in (SEXUAL, HATE)}
    yield from _mixed(by_label, pages, MIXED // 5)
    for line in resampled((_short(line) for page in pages for line in windows(page)), SHORT):
        yield CLEAN, line
    names = {word for name in identity_names() for word in name.lower().split()}
    spans = (one_line(inside) for inside, _ in data.toxic_span_words(folder))
    for line in resampled((span for span in spans if names.isdisjoint(span.split())), SHORT // 2):
        yield ABUSE, line


def _misnamed(example: data.Example) -> bool:
    """Posts that are not sexist but hold words of abuse: EDOS labels sexism alone."""
    return example.source == "edos" and not example.toxic and bool(shipped_lists().found(example.text))


def _resampled_by_label(pairs: Sequence[tuple[str, str]], count: int) -> Iterator[tuple[str, str]]:
    labels = {line: label for label, line in pairs}
    return ((labels[line], line) for line in resampled((line for _, line in pairs), count))


def _short(line: str) -> str:
    """One to four words out of a line, as headings and menus have them."""
    words = line.split()
    size = 1 + stable_hash("size " + line) % 4
    start = stable_hash("start " + line) % max(1, len(words) - size)
    return " ".join(words[start : start + size])


def _toxic_windows(comments: Iterable[tuple[list[data.Example], data.Example | None]]) -> Iterator[str]:
    """Windows of whole comments that hold the start of a toxic sentence."""
    for parts, whole in comments:
        starts = [one_line(part.text)[:60] for part in parts if part.toxic]
        for window in windows(whole.text) if whole else ():
            if any(start in window for start in starts):
                yield window


def _mixed(sentences: dict[str, list[str]], pages: Sequence[str], count: int) -> Iterator[tuple[str, str]]:
    """Labelled sentences beside a sentence of web prose, on either side of it, `count` of each label."""
    generator = random.Random(5)
    prose = [one_line(part) for page in pages[::2] for part in page[:600].split(". ")]
    prose = [line for line in prose if 20 < len(line) < 150]
    for label, lines in sentences.items():
        short = [line for line in lines if 5 < len(line) < 150]
        for _ in range(count):
            pair = [generator.choice(short), generator.choice(prose)]
            generator.shuffle(pair)
            yield label, " ".join(pair)


def held_out_sets(folder: Path) -> dict[str, list[data.Example]]:
    """The labelled texts kept from training, by set."""
    sets = {read.__name__: [e for e in read(folder) if e.held_out] for read, *_ in LABELLED}
    comments = [parts for parts, _ in data.civil_comments(folder)]
    sets["civil_comments"] = [part for parts in comments for part in parts if part.held_out]
    sets["wikipedia_talk"] = list(data.wikipedia_talk(folder))
    return sets


def clean_sets(folder: Path) -> dict[str, list[str]]:
    """Neutral texts kept from training, by kind: paragraphs, except for whole pages."""
    pages = [text for text, held_out in data.web_documents(folder) if held_out]
    return {
        "web documents": pages,
        "web paragraphs": [line for page in pages for line in page.split("\n") if len(line) > 60],
        "book paragraphs": [text for text, held_out in data.books(folder) if held_out],
        "encyclopedia paragraphs": list(data.encyclopedia(folder)),
    }


def calibrate(model: Path, folder: Path) -> dict[str, float]:
    """Slope and offset of P(toxic) = logistic(slope * log-odds + offset), fitted by Newton's method.

    Fitted on the held-out posts of `CALIBRATED_ON`, an equal weight for each set and class, and held-out web
    paragraphs, which weigh as much as all posts. The sets named in the report as kept out whole take no part.
    """
    write_bytes(
        str(model.with_suffix(".json")), canonical_json({"slope": 1.0, "offset": 0.0, "hate_handicap": HATE_HANDICAP})
    )
    linear = LinearToxicity(model)
    texts: list[str] = []
    truth: list[float] = []
    weights: list[float] = []
    sets = held_out_sets(folder)
    for name in CALIBRATED_ON:
        for toxic in (True, False):
            chosen = [e.text for e in sets[name] if e.toxic == toxic]
            texts += chosen
            truth += [float(toxic)] * len(chosen)
            weights += [0.5 / len(CALIBRATED_ON) / len(chosen)] * len(chosen)
    clean = clean_sets(folder)["web paragraphs"]
    texts += clean
    truth += [0.0] * len(clean)
    weights += [1.0 / len(clean)] * len(clean)
    highest = np.array([linear.windows(normalised(text)).score.max(initial=0.0) for text in texts]).clip(1e-9, 1 - 1e-9)
    x = np.log(highest / (1 - highest))
    features = np.stack([x, np.ones_like(x)], axis=1)
    y, weight = np.array(truth), np.array(weights)
    theta = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-features @ theta))
        gradient = features.T @ (weight * (y - p))
        hessian = (features * (weight * p * (1 - p))[:, None]).T @ features
        theta += np.linalg.solve(hessian, gradient)
    found = {"slope": round(float(theta[0]), 6), "offset": round(float(theta[1]), 6)}
    return {**found, "hate_handicap": HATE_HANDICAP}


def roc_auc(truth: Sequence[bool], scores: npt.NDArray[np.floating]) -> float:
    """Area under the ROC curve by average ranks."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = np.array(truth)
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))


def report(model: ToxicityModel, folder: Path) -> str:
    """AUC and rates at `DOCUMENT_THRESHOLD` on everything held out, for the model and the word list."""
    lines = [f"threshold {DOCUMENT_THRESHOLD}", "set: texts, AUC, found, false positives | word list: found, false"]
    for name, held_out in held_out_sets(folder).items():
        found = model.scan_batch([e.text for e in held_out])
        scores = np.array([f.score for f in found], dtype=np.float32)
        toxic = np.array([e.toxic for e in held_out])
        hit, listed = scores >= DOCUMENT_THRESHOLD, np.array([f.words > 0 for f in found])
        auc = roc_auc([e.toxic for e in held_out], scores)
        lines.append(
            f"{name}: {len(held_out)}, {auc:.4f}, {hit[toxic].mean():.3f}, {hit[~toxic].mean():.4f}"
            f" | {listed[toxic].mean():.3f}, {listed[~toxic].mean():.4f}"
        )
    for name, texts in clean_sets(folder).items():
        found = model.scan_batch(texts)
        hit = np.array([f.score >= DOCUMENT_THRESHOLD for f in found])
        listed = np.array([f.words > 0 for f in found])
        lines.append(f"{name}: {len(texts)}, false positives {hit.mean():.4f} | word list {listed.mean():.4f}")
    for kind in (HATE, ABUSE):
        posts = [e for e in data.davidson(folder) if e.held_out and e.toxic]
        column = CATEGORIES.index(kind)
        share = np.array([r.kinds[column] / max(r.score, 1e-4) for r in model.scan_batch([e.text for e in posts])])
        lines.append(
            f"{kind} among toxic tweets (davidson): AUC {roc_auc([e.label == kind for e in posts], share):.4f}"
        )
    scores = np.array([line.score for text in clean_sets(folder)["web documents"] for line in model.score_lines(text)])
    rates = ", ".join(f"{(scores >= t).mean():.4f} at {t}" for t in (0.5, 0.7, 0.9))
    lines.append(f"lines of web documents: {len(scores)}, false positives {rates}")
    return "\n".join(lines)


def word_candidates(folder: Path, count: int) -> list[tuple[str, float, int]]:
    """(word, log-odds, uses in toxic text) of the words most typical of toxic text, at least 8 uses, best first.

    Toxic text: the marked spans of Civil Comments, toxic tweets (Davidson) and sexist posts (EDOS) of the training
    split. Neutral text: what stands outside the spans, neutral tweets, web pages and books. Odds are smoothed by 0.5.
    """
    toxic: Counter[str] = Counter()
    neutral: Counter[str] = Counter()
    for inside, outside in data.toxic_span_words(folder):
        toxic.update(normalise(inside).split())
        neutral.update(normalise(outside).split())
    for read in (data.davidson, data.edos):
        for example in read(folder):
            if not example.held_out:
                (toxic if example.toxic else neutral).update(set(normalise(example.text).split()))
    for reader in (data.web_documents, data.books):
        for text, held_out in reader(folder):
            if not held_out:
                neutral.update(normalise(text).split())
    odds_of_all = math.log(toxic.total() / neutral.total())
    scored = [
        (word, math.log((n + 0.5) / (neutral[word] + 0.5)) - odds_of_all, n)
        for word, n in toxic.items()
        if n >= 8 and len(word) > 2
    ]
    return sorted(scored, key=lambda row: (-row[1], row[0]))[:count]


def main(arguments: list[str]) -> None:
    """Train, calibrate, save and print the report; or print candidates for the word list."""
    if len(arguments) == 3 and arguments[1] == "--word-candidates":
        listed = frozenset(read_list(FOLDER / "en.txt"))
        for word, odds, uses in word_candidates(Path(arguments[0]), int(arguments[2])):
            print(f"{word}\t{odds:.2f}\t{uses}{chr(9) + 'listed' if word in listed else ''}")
        return
    if len(arguments) != 2:
        sys.exit("usage: python -m curation.training.toxicity DATA_DIR OUT.ftz | DATA_DIR --word-candidates N")
    folder, out = Path(arguments[0]), Path(arguments[1])
    train_quantised(examples(folder), out, train=TRAIN, quantise=QUANTISE)
    write_bytes(str(out.with_suffix(".json")), canonical_json(calibrate(out, folder)) + b"\n")
    print(f"{out}: {out.stat().st_size} bytes; calibration {out.with_suffix('.json').read_text()}")
    print(report(ToxicityModel(out), folder))


if __name__ == "__main__":
    in_fresh_process("curation.training.toxicity", main)
