"""Texts of our own for the golden vectors: prose put together by rule, and one document for each published rule."""

from __future__ import annotations

import functools
import random

_SUBJECTS = (
    "The keeper of the lighthouse", "A small committee", "My neighbour's orchard", "The second edition",
    "Dr. Halvorsen", "Every ferry to the island", "The museum's archive", "An old clockmaker", "The river", "Our guide",
)  # fmt: skip
_VERBS = (
    "has been waiting for", "couldn't agree with", "will have to be moved away from", "was drawn to", "depends on",
    "doesn't remember", "is known for", "had nothing to do with", "gave a new roof to", "wrote three letters about",
)  # fmt: skip
_OBJECTS = (
    "the storm of 1987", "a bridge that nobody uses", "the price of copper (about $4.10 a pound)", "their own garden",
    "the school on Mill St.", "a well-known recipe for rye bread", "the year-end report", "two of the oldest trees",
    "an answer to the question", "the smell of rain, tar and salt",
)  # fmt: skip
_TAILS = (
    ".", ", and that was the end of it.", "; the rest is history!", " - or so they say.", ", with some regret.",
    ". Who would have thought?", " (see www.example.org/a-page for more).", ", as “everyone” knows.", ' until "later".',
    ", e.g. at 5 p.m. on a Sunday.",
)  # fmt: skip


def prose(seed: int, lines: int, sentences: int = 4) -> str:
    """`lines` paragraphs of made-up English; equal arguments give equal text."""
    rng = random.Random(seed)
    return "\n".join(
        " ".join(
            f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_OBJECTS)}{rng.choice(_TAILS)}"
            for _ in range(sentences)
        )
        for _ in range(lines)
    )


def unique_lines(count: int, end: str = ".") -> str:
    """Lines that share few n-grams, each with its own numbers as words."""
    names = [
        "amber",
        "birch",
        "cobalt",
        "dune",
        "ember",
        "fjord",
        "gravel",
        "heron",
        "indigo",
        "juniper",
        "kelp",
        "larch",
    ]
    return "\n".join(
        f"With {names[i % 12]}{names[i * 7 % 11]} that {names[i * 5 % 9]}{i} have to {names[i * 3 % 10]}{i * i} "
        f"be {names[i % 5]}{i + 3} of the {names[i % 7]}{i % 13}{end}"
        for i in range(count)
    )


def made_up_words(count: int, syllables: int = 3, seed: int = 7) -> list[str]:
    """Different words of letters only."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice("bdfgklmnprstv") + rng.choice("aeiou") for _ in range(syllables))] = None
    return list(found)


def repeated_runs(size: int, share: float) -> str:
    """Text in which runs of `size` words, and no longer ones, occur a second time and make about `share` of it."""
    words = made_up_words(900)
    first, between = words[:500], iter(words[500:])
    runs = round(500 * share / (size - share * (size + 1)))
    copies = [" ".join([*first[i * size : (i + 1) * size], next(between)]) for i in range(runs)]
    return " ".join([*first, *copies]) + " of the."


@functools.cache
def documents() -> dict[str, str]:
    """Name to text; the name says what the document is for."""
    base = unique_lines(30)
    words = base.split()
    short = [a + b for a in "bcdfghjklmnpqrst" for b in "bcdfghjklmnpqrst"]
    rng, few = random.Random(3), made_up_words(900, 2)
    found = {f"prose {seed}": prose(seed, 3 + seed % 7, 2 + seed % 5) for seed in range(6)}
    found |= {
        "kept": base,
        "empty": "",
        "only white space": " \n\t \n",
        "only line feeds": "\n\n\n",
        "only punctuation": "... !!! ??? -- ()" * 40,
        "only digits": "12 345 6789 " * 60,
        "one character": "x" * 400,
        "repeated paragraphs": "\n\n".join(["A short one."] * 24 + base.split("\n")),
        "repeated paragraph characters": "\n\n".join([base, *[base.replace("\n", " ")] * 2, "x", "y", "z", "u", "v"]),
        "repeated lines": "\n".join(["Read more"] * 20 + base.split("\n")),
        "repeated line characters": "\n".join([" ".join(words[:90])] * 3 + ["a b", "c d"] + base.split("\n")[:9]),
        "outer line feeds": "\n\n" + base + "\n",
        "runs of line feeds": base.replace("\n", "\n\n\n", 9).replace("\n\n\nW", "\n\n\n\n\nW", 4),
        "top 2-gram": " ".join(f"{word} in sum" for word in made_up_words(90, 9)),
        "top 3-gram": " ".join(f"{word} to and fro" for word in made_up_words(60, 15)),
        "top 4-gram": " ".join(f"{word} to and fro once" for word in made_up_words(60, 32)),
        **{
            f"repeated {n}-grams": repeated_runs(n, share)
            for n, share in ((5, 0.2), (6, 0.185), (7, 0.165), (8, 0.15), (9, 0.137), (10, 0.125))
        },
        "same letters, other tokens": " ".join(f"a.. b ... c{i % 5} a. .. b d" for i in range(40)) + base,
        "few words": unique_lines(3),
        "many words": ". ".join(" ".join(rng.choices(few, k=9)) for _ in range(11_200)) + " to of.",
        "short words": " ".join(short) + " to of",
        "long words": " ".join(word * 5 for word in words),
        "hashes": base.replace(" of the", " #of #the").replace(" be ", " #be "),
        "ellipses": base.replace(" be ", "... be ").replace(" of ", "… of ").replace(" that ", "… that "),
        "bullets": "\n".join("- " + line for line in base.split("\n")),
        "end ellipsis": "\n".join(line[:-1] + "…" for line in base.split("\n")),
        "few letters": "\n".join(f"{line} {i} {i * i} {i * 7} 1.{i} {i}/9" for i, line in enumerate(base.split("\n"))),
        "no stop words": " ".join(made_up_words(90)),
        "lorem ipsum": base + "\nHere it says Lorem ipsum dolor.",
        "curly bracket": base + "\nfunction of x { return x }",
        "lorem ipsum, then bracket": base + "\nHere is Lorem Ipsum dolor.\nand a { bracket here",
        "bracket, then lorem ipsum": base + "\nand a { bracket here\nHere is Lorem Ipsum dolor.",
        "bracket in a dropped line": base + "\njavascript { is off\n{ }",
        "few sentences": " ".join(line[:-1] for line in base.split("\n")),
        "policy lines": base + "\nOur Privacy Policy here\nThis uses cookies, really.\nPlease enable JavaScript now.",
        "citations": base.replace(".", ".[1]").replace("With", "[edit] With") + "\n[1] [2] [3]\n[citation needed] it",
        "few citations": base.replace(".", ".[12]", 3).replace(" to ", " [] to ", 2) + "\n[1] [2] [3]\nso it [edit]",
        "citation makes a phrase": base + "\nplease enable java[1]script in the browser",
        "long word": base + "\nhere comes one " + "y" * 1200 + " too long",
        "line separators": base.replace("\n", "\r\n", 5).replace("\n", "\u2028", 9).replace(" be ", "\x0bbe "),
        "no end punctuation": unique_lines(30, " -") + "\nOne. Two. Three. Four. Five. Six -",
        "short lines": base + "\n" + "\n".join(f"{a} {b} of." for a, b in zip(words[::4], short[:90], strict=False)),
        "repeated short lines": base + "\nThe very same line of it.\nAnother line of it.\nThe very same line of it.",
        "list": "\n".join(
            f"{word} {word[::-1]} {end}"
            for word, end in zip(made_up_words(60, 7), ("ok. to of no be be be " * 9).split(), strict=False)
        ),
        "double blanks": base.replace(" ", "  ").replace(". ", ".  ! "),
        "no-break spaces": base.replace(" of ", "\xa0of ").replace(".", ".\xa0!"),
        "emoticons": "\n".join(f"{line[:-1]} {face}" for line, face in zip(base.split("\n"), _FACES * 5, strict=False)),
        "control characters": base.replace(" ", " \x00", 7).replace("e", "\x85", 3),
        "scripts": "\n".join(f"{line} {other}" for line, other in zip(base.split("\n"), _SCRIPTS * 5, strict=False)),
    }
    return found


_FACES = (
    ":) and : ) or :-)) too:(",
    "xyz-and/or a.",
    ";)) )",
    "a (: ) b:o) o:o",
    "so :-) :-) .. (-; :' (",
    "w/o-he's ' s",
)
_SCRIPTS = (
    "Это предложение.", "这是一个句子。这是!", "これは文です。", "Αυτή είναι μια πρόταση;", "هذه جملة؟",
    "यह वाक्य है।", "นี่คือประโยค",
)  # fmt: skip


def lines() -> list[str]:
    """Single lines that are hard to tokenise."""
    return [
        "Mr. O'Neill doesn't think that the boys' stories about Chile's capital aren't amusing.",
        "I'll've gone; she'd've stayed (they're late), but y'all can't've known!",
        "Dr. Who, Ph.D., of St. John's St., arrived at 10a.m. - not 10 a.m. - in Washington D.C.",
        "e.g. this, i.e. that, etc. and so on... or so…no?",
        "A $5.00 coffee, US$10 tea, 20€ cake, 5km walk, 30°C. day, 10% off, 3m² rug, 100km/h.",
        "well-known state-of-the-art—really – dash--dash --- end ~tilde a~b",
        "http://example.com/path?x=1#y https://user:pw@example.org:8080/ www.example.net, mailto:me@example.com.",
        "me@example.com (you@example.co.uk) example.com/a/b,c http://10.0.0.1/ 8.8.8.8:53 192.168.0.1/x",
        "C++ C# F# .NET a.b.c A.B.C U.S.A. file.txt lower.Upper x,y 1,000 a:b=c/d<e>f 3*4 5+6-7^8",
        ":) :-) :( :D ;) <3 ^_^ (-_-) ¯\\(ツ)/¯ hello:) :)hello (: ) ://",
        "\"quoted\" 'single' “curly” ‘single curly’ «guillemets» „low“ `code` ''double''",
        "!!! ??? ?! !? ... .... .. . (...) [[x]] {{y}} <<z>> ((a)) #tag @user &amp; *bold* _it_ |pipe|",
        "and/or w/o 24/7 1/2 either/or n/a his/her’s it’s don’t ’tis ‘em 'cause o'clock rock'n'roll",
        "One. Two! Three? Four. . Five.) Six.” Seven.' 8. 9 ... Ten",
        "Hello.  World.   Again.\tTab. \xa0No-break.\u3000Wide. (Yes.) [No.] - dash. a. b. c.",
        "Ends with dots....... and more.........................., done",
        "你好。世界！ これは、テストです。 안녕하세요. สวัสดี नमस्ते। ·Привет, мир! ¿Qué? ¡Sí! Ça va?",
        "☺☺ ♥ ★★★ → x→y ©2020 ®™ №5 §3 °C 20°c. é.e É.E ½ ² x² 1²",
        "cannot gonna gotta Let's c'mon ma'am notve couldnt shouldn't've Its its Hell hell we're were",
        "\x00 a\x00b \x85x \u200bzero\u200bwidth \ufeffbom soft\xadhyphen",
        "+1 +x -1 -x =y a=b a= 5+ x+ 5+. x+. 5%. °F. GB. 5GB. aB. AB. Ab. ABc. 1. a1.",
        "-" * 40 + " " + "=" * 30 + " " + "a-" * 30 + " " + "(" * 12 + "x" + ")" * 12,
    ]


@functools.cache
def dialect_documents() -> dict[str, str]:
    """`documents`, and texts for the rules and edits that only other systems than FineWeb have."""
    base = unique_lines(30)
    lines = base.split("\n")
    names = iter(made_up_words(4000, 4, seed=11))

    def mixed(count: int) -> str:
        """Prose in which no n-gram occurs twice."""
        return " ".join(f"{next(names)} of {next(names)} {next(names)} the {next(names)}" for _ in range(count))

    def copies(size: int, count: int) -> str:
        """The same run of words between new ones."""
        run = " ".join(next(names) for _ in range(size))
        return " ".join(f"{run} {next(names)} the" for _ in range(count))

    def twice(size: int, share: float) -> str:
        """Runs of `size` words of which both copies make `share` of the text, and new words around them."""
        first = [next(names) for _ in range(round(8 * size / share) - 4 * size - 6)]
        again = [" ".join([*first[i * size : (i + 1) * size], next(names)]) for i in range(4)]
        return " ".join([*first, *again]) + " of the"

    return documents() | {
        "bracket in a sentence": base + "\nfunction of x { return x }.",
        "bracket and phrase in sentences": base + "\nA { bracket is in here.\nHere is some Lorem ipsum dolor.",
        "end marks of all kinds": "\n".join(
            f"{line[:-1]}{mark}"
            for line, mark in zip(lines, ["'", '"', "?", "!", "...", "…", ".", ",", " ."] * 4, strict=False)
        ),
        "sentences of abbreviations": "\n".join(
            ["Mr. J. Bach of the U.S. met Dr. No on Nov. 5 at 3.5 p.m. and left."] * 2
        ),
        "three sentences": "The inc. has it. He says that (so it is.) No. 5 is here.",
        "two lines of sentences": "It is the one... and the other one.\nThat was “it.” The end of it is here.",
        "too long": base * 120,
        "white space": base.replace(" ", "      "),
        "brackets": base.replace(" of ", " (of) [{ ").replace(" be ", " (be) ⟨⟩ "),
        "URLs": base + " ".join(f"https://example.org/a/{i}?b=c%20d,e " for i in range(40)),
        "domains": base.replace(" be ", " example.com/be?x=1 ").replace(" of ", " of (www.a-b.co.uk) ftp://x.org:80/ "),
        "domains after a digit": "1 "
        + base.replace(" be ", " example.com be ").replace(" to ", " http://10.0.0.1/x to "),
        "nothing but a domain": "example.com",
        "addresses of hosts": base.replace(" be ", " be 10.20.30.40/x?y ").replace(" of ", " of 300.1.2.3.4 1.2.3 "),
        "boilerplate": "\n\n".join(
            [line + " See the Privacy Policy." if i % 2 else line for i, line in enumerate(lines)]
        ),
        "repeated paragraphs only": "\n\n".join([*lines[:20], *["Short and again\nof the same"] * 12]),
        "repeated long paragraphs": "\n\n".join([*lines[:12], "\n".join(lines[12:20]), "\n".join(lines[12:20])]),
        "words in other letters": mixed(30) + " 1 2/3 4.5 #6 (7) 8 9 0 -1 +2 " * 5,
        "ellipsis and read more": "\n".join(
            f"{line[:-1]}{end}" for line, end in zip(lines, [" Read More", " [...]", ".", "…", "-»"] * 6, strict=True)
        ),
        "very short words": " ".join(f"a{chr(97 + i % 26)} {chr(97 + i // 26)} to" for i in range(300)),
        "symbols between words": mixed(30).replace(" the ", " the # ").replace(" of ", " ... of "),
        "bullets of other kinds": "\n".join(
            f"{bullet} {line}" for bullet, line in zip("●•*-‣∙" * 5, lines, strict=True)
        ),
        **{f"the same {n} words": mixed(45) + " " + copies(n, 12) for n in (2, 3, 4)},
        **{f"runs of {n} words twice": twice(n, share) for n, share in ((8, 0.125), (9, 0.115), (10, 0.105))},
        "short paragraphs repeated": "\n\n".join([base, *["One more line of the same"] * 3]),
        "upper-case lines": "\n".join(line.upper() if i % 9 == 0 else line for i, line in enumerate(lines)),
        "all upper case": base.upper(),
        "lines of numbers": "\n".join([*lines, "12345", " 678 ", "9 10", "٣٤٥", "²³"]),
        "counters": "\n".join(
            [*lines, "3 likes", "1,204 comments", "* 5.6k views!", "7 friends", "12 Followers", "2 likes it"]
        ),
        "lines of one word": "\n".join([*lines[:28], "Home", "About", "", "Contact us"]),
        "phrases of shops": "\n".join(
            [
                *lines,
                "3 Items in Cart",
                "items in cart of the day",
                "Read more...",
                "Go on, READ MORE now",
                "Sign-in",
                "sign-in here",
            ]
        ),
        "many phrases of shops": "\n".join(
            f"{line}\nSign-in Read more... {i} ITEMS IN CART\nHOME PAGE" for i, line in enumerate(lines)
        ),
        "marks of words": "It's 3.5 o’clock, re-do_it e.g. a_b 1,000.5 א\"ב カタカナ 中文 don't\u200d x\u0301y a:b " * 9
        + base,
    }
