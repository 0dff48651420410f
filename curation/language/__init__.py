"""Which language a text is in, and its paragraphs: a fastText model that ships, constrained by the text's scripts.

The rule order, each step deciding or passing on:

1. Too few letters, too small a share of letters, or too much that looks like code: `und` (undetermined), score 0.
2. Most letters belong to a script that one language of ours writes (Thai, Greek, Hebrew, Hangul ...): that language,
   its score the script's share of the letters. Kana beside Han is Japanese, Han alone Chinese.
3. Otherwise the model decides among the languages of the script, and its probability times the script's share is
   the score. The model also knows noise (random letters), which is `und` again.

The shipped model and its figures are described in `models/language.md`; `curation.training.language` makes it.
"""

from curation.language.codes import UNDETERMINED, iso_code
from curation.language.identify import (
    MODEL_PATH,
    WINDOW,
    WINDOWS,
    Language,
    LanguageIdentifier,
    normalise,
    sample,
)
from curation.language.mixture import ForeignParagraph, Mixture
from curation.language.scripts import LANGUAGES, MODEL_LANGUAGES

__all__ = [
    "LANGUAGES",
    "MODEL_LANGUAGES",
    "MODEL_PATH",
    "UNDETERMINED",
    "WINDOW",
    "WINDOWS",
    "ForeignParagraph",
    "Language",
    "LanguageIdentifier",
    "Mixture",
    "iso_code",
    "normalise",
    "sample",
]
