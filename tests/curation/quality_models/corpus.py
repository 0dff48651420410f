"""A corpus for language models, and what KenLM 4cb443e makes of it: `lmplz -o N --discount_fallback`, then `query`."""

SENTENCES = [
    line.split()
    for line in """the cat sat on the mat
the dog sat on the mat
the cat ate the fish
a dog ate the bone
the dog and the cat sat
a cat sat on a dog
on the mat sat a cat
the fish ate the cat
a bone and a fish
the mat and the bone sat
the cat sat on the dog
cat and dog ate the mat""".splitlines()
]

KENLM = {
    2: {
        "the cat sat on the mat": -2.35195, "the dog ate a cat": -5.83054, "a zebra sat": -4.13049, "": -1.64004,
        "mat the on": -6.91856,
    },
    3: {
        "the cat sat on the mat": -2.92609, "the dog ate a cat": -5.23356, "a zebra sat": -4.86773, "": -1.08454,
        "mat the on": -5.11999,
    },
    5: {
        "the cat sat on the mat": -2.88832, "the dog ate a cat": -5.43977, "a zebra sat": -4.6821, "": -1.08454,
        "mat the on": -5.11999,
    },
}  # fmt: skip

ARPA = """
\\data\\
ngram 1=5
ngram 2=4
ngram 3=1

\\1-grams:
-2\t<unk>
-99\t<s>\t-0.5
-0.6\t</s>
-0.7\tthe\t-0.3
-1.1\tcat\t-0.2

\\2-grams:
-0.25\t<s> the\t-0.1
-0.4\tthe cat\t-0.15
-0.3\tcat </s>
-0.9\tcat the

\\3-grams:
-0.05\t<s> the cat

\\end\\
"""
