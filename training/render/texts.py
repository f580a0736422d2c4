# SPDX-License-Identifier: Apache-2.0
"""What is written on the pictures: dictionary words most of all, and whatever else stands on signs and receipts.

Lengths are drawn first, then a word of that length: real words in the street are shorter than a dictionary's.
"""

import gzip
import string
from collections import defaultdict
from pathlib import Path

ALPHABET = string.digits + string.ascii_letters + string.punctuation  # 94, in the order of clovaai's --sensitive
MAX_LENGTH = 25

# From the most common words to the rare ones; words of other languages as far as they are plain ASCII.
TIERS = {("american-english-small", "british-english-small"): 0.56,
         ("american-english", "british-english"): 0.14,
         ("american-english-large", "british-english-large"): 0.08,
         ("french", "spanish", "italian", "ngerman"): 0.12,
         ("propernames.gz",): 0.10}
SIGNS = Path(__file__).resolve().parent / "words" / "signs.txt"
LENGTHS = dict(enumerate((2, 6, 12, 17, 17, 14, 11, 8, 6, 3.5, 2, 1, 0.7, 0.4, 0.2, 0.2), start=1))
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
UNITS = "km m cm mm kg g mg lb oz l ml mi ft in kW V A W Hz GB MB am pm AM PM h min sec % th st nd rd x".split()
PUNCTUATION = (("", "."), ("", ","), ("", ":"), ("", "!"), ("", "?"), ("", ";"), ("", "'s"), ("", "-"), ("", "..."),
               ("", "*"), ("", ")"), ("", '"'), ("", "/"), ("(", ""), ('"', ""), ("#", ""), ("@", ""), ("&", ""),
               ("*", ""), ("(", ")"), ('"', '"'), ("'", "'"), ("[", "]"), ("-", "-"))  # before and after a word
DOMAINS = "com com com org net co.uk de fr in info edu gov io ca com.au eu nl it es us biz tv".split()


def read_words(path):
    """The plain words of a list; none if it is not there."""
    if not path.exists():
        return set()
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as lines:
        return {word for word in map(str.strip, lines) if word.isascii() and 0 < len(word) <= 16
                and all(letter in ALPHABET for letter in word) and not word.endswith("'s")}


def group_by_length(words):
    groups = defaultdict(list)
    for word in sorted(words):
        groups[len(word)].append(word)
    return dict(groups)


def digits(dice, n):
    return "".join(dice.choice(string.digits) for _ in range(n))


def letters(dice, n, alphabet=string.ascii_uppercase):
    return "".join(dice.choice(alphabet) for _ in range(n))


def number(dice):
    n = dice.weighted({1: 3, 2: 6, 3: 6, 4: 5, 5: 2, 6: 1, 7: 1, 10: 1})
    text = digits(dice, n)
    kind = dice.weighted({"plain": 10, "grouped": 2, "decimal": 2, "unit": 4, "signed": 1, "hash": 1, "fraction": 1})
    if kind == "grouped":
        return f"{int(text) + 1000:,}"
    if kind == "decimal":
        return f"{text[:4]}.{digits(dice, dice.integer(1, 2))}"
    if kind == "unit":
        return text[:4] + dice.choice(UNITS)
    if kind == "signed":
        return dice.choice("+-<>~=") + text
    if kind == "hash":
        return dice.choice(("#", "No.", "(")) + text
    if kind == "fraction":
        return f"{text[:2]}/{digits(dice, dice.integer(1, 2))}"
    return text


def price(dice):
    amount = f"{dice.integer(0, 99) if dice.chance(0.7) else dice.integer(100, 9999)}"
    cents = dice.choice((".99", ".95", ".50", ".00", f".{digits(dice, 2)}", "", "", f",{digits(dice, 2)}"))
    currency = dice.choice(("$", "$", "$", "", "", "USD", "Rs.", "EUR", "US$"))
    return amount + cents + currency if currency == "EUR" else currency + amount + cents


def date(dice):
    day, month, year = dice.integer(1, 31), dice.integer(1, 12), dice.integer(1900, 2039)
    separator = dice.choice("/-.")
    return dice.choice((f"{day:02}{separator}{month:02}{separator}{year}",
                        f"{month}{separator}{day}{separator}{year % 100:02}", f"{year}-{month:02}-{day:02}",
                        f"{MONTHS[month - 1]}{dice.choice(('.', ''))}{day}", f"{day}{MONTHS[month - 1].upper()}{year}",
                        str(year), f"'{year % 100:02}", f"{year}-{year % 100 + 1:02}"))


def time(dice):
    hour, minute = dice.integer(0, 23), dice.integer(0, 59)
    return dice.choice((f"{hour:02}:{minute:02}", f"{hour:02}:{minute:02}:{dice.integer(0, 59):02}",
                        f"{hour % 12 + 1}:{minute:02}{dice.choice(('am', 'pm', 'AM', 'PM'))}",
                        f"{hour % 12 + 1}{dice.choice(('am', 'pm', 'AM', 'PM', 'h'))}", f"{hour}h{minute:02}",
                        f"{hour % 12 + 1}-{minute % 12 + 1}"))


def phone(dice):
    return dice.choice((f"{digits(dice, 3)}-{digits(dice, 4)}", f"({digits(dice, 3)})", f"{digits(dice, 10)}",
                        f"{digits(dice, 3)}-{digits(dice, 3)}-{digits(dice, 4)}", f"+{digits(dice, 2)}",
                        f"0{digits(dice, 3)}-{digits(dice, 6)}", f"0{digits(dice, 2)}/{digits(dice, 7)}",
                        f"{digits(dice, 3)}.{digits(dice, 3)}.{digits(dice, 4)}", f"1-800-{letters(dice, 7)}"))


def code(dice):
    """Number plates, flight and part numbers, rooms, postcodes."""
    text = dice.choice((
        lambda: letters(dice, 2) + digits(dice, 2) + letters(dice, 3),
        lambda: letters(dice, 3) + dice.choice("- ").strip() + digits(dice, dice.integer(3, 4)),
        lambda: letters(dice, 2) + digits(dice, dice.integer(1, 6)),
        lambda: letters(dice, 1) + digits(dice, dice.integer(1, 3)),
        lambda: letters(dice, 1) + "-" + digits(dice, dice.integer(1, 3)),
        lambda: digits(dice, dice.integer(1, 3)) + letters(dice, 1),
        lambda: letters(dice, dice.integer(2, 3)),
        lambda: ".".join(letters(dice, dice.integer(2, 3))) + ".",
        lambda: digits(dice, 1) + letters(dice, 3) + digits(dice, 3),
        lambda: "".join(dice.choice(string.ascii_uppercase + string.digits) for _ in range(dice.integer(4, 10)))))()
    return text if dice.chance(0.9) else text.lower()


def random_characters(dice):
    """So that the network looks at every letter and does not guess words only."""
    alphabet = dice.choice((string.ascii_letters, string.ascii_letters + string.digits, ALPHABET))
    return letters(dice, dice.weighted({1: 3, 2: 3, 3: 3, 4: 3, 5: 2, 6: 2, 8: 1, 10: 1}), alphabet)


def set_case(dice, word):
    kind = dice.weighted({"upper": 42, "title": 24, "lower": 26, "as is": 6, "mixed": 2})
    if kind == "upper":
        return word.upper()
    if kind == "title":
        return word[:1].upper() + word[1:].lower()
    if kind == "lower":
        return word.lower()
    if kind == "mixed":
        return "".join(letter.upper() if dice.chance(0.5) else letter.lower() for letter in word)
    return word


def add_punctuation(dice, word):
    before, after = dice.choice(PUNCTUATION)
    return before + word + after


class Texts:
    """Draws texts of at most `MAX_LENGTH` characters of `ALPHABET`."""

    KINDS = {"word": 62, "sign": 9, "joined": 3, "number": 8, "price": 2, "date": 2, "time": 2, "phone": 2, "code": 3,
             "address": 2, "random": 5}

    def __init__(self, dictionaries):
        """`dictionaries`: the folder of the lists."""
        tiers = {tier: group_by_length(set().union(*(read_words(dictionaries / name) for name in tier)))
                 for tier in TIERS}
        self._tiers = {tier: groups for tier, groups in tiers.items() if groups}
        self._weights = {tier: TIERS[tier] for tier in self._tiers}
        if not self._tiers:
            raise RuntimeError("no word list: install the packages of training/packages.tsv (make train-packages)")
        lines = SIGNS.read_text(encoding="utf-8").splitlines()
        self._signs = group_by_length(word for line in lines if line[0] != "#" for word in line.split())
        self._makers = {"number": number, "price": price, "date": date, "time": time, "phone": phone, "code": code,
                        "random": random_characters, "address": self._address, "joined": self._joined}

    def _word(self, dice, longest=16):
        lengths = {length: weight for length, weight in LENGTHS.items() if length <= longest}
        while True:
            words = self._tiers[dice.weighted(self._weights)].get(dice.weighted(lengths))
            if words:
                return dice.choice(words)

    def _sign(self, dice, longest):
        while True:
            words = self._signs.get(dice.weighted(LENGTHS))
            if words and len(words[0]) <= longest:
                return dice.choice(words)

    def _joined(self, dice):
        first, second = set_case(dice, self._word(dice, 8)), set_case(dice, self._word(dice, 8))
        return first + dice.choice(("-", "-", "&", "/", "'", ".", "_", "+", "", "")) + second

    def _address(self, dice):
        name, host = self._word(dice, 9).lower(), self._word(dice, 9).lower()
        ending = dice.choice(DOMAINS)
        text = dice.choice((f"www.{host}.{ending}", f"{host}.{ending}", f"{name}@{host}.{ending}", f"http://{host}",
                            f"@{name}", f"#{name}", f"www.{host}", f".{ending}", f"{name}{digits(dice, 2)}"))
        return text.upper() if dice.chance(0.2) else text

    def draw(self, dice, longest=MAX_LENGTH, kinds=None):
        """A text of at most `longest` characters; `kinds` {kind: weight} instead of KINDS."""
        while True:
            kind = dice.weighted(kinds or self.KINDS)
            if kind in ("word", "sign"):
                word = self._word(dice, longest) if kind == "word" else self._sign(dice, longest)
                text = set_case(dice, word)
                if dice.chance(0.07):
                    text = add_punctuation(dice, text)
            else:
                text = self._makers[kind](dice)
            if 0 < len(text) <= longest:
                return text
