"""Made-up papers that have everything real ones have: TeX, wrapped lines, paragraphs, accents, odd author lines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import TypedDict

_WORDS = (
    "a the of on for with and in we show that new method results bounds proof energy gradient descent neural networks "
    "quantum field theory stable distributed asynchronous estimates Bayesian inference LAYUP Markov chains Riemannian "
    "manifolds cohomology galaxies luminosity spectra sparse recovery deep learning training large-scale optimization "
    "convergence asymptotic (non-linear) equations, operators. however, state-of-the-art entropy phase transitions; "
    "measurement entanglement lattice gauge symmetry breaking 3D 10% improved via analysis: Monte Carlo simulation"
).split()
_TEX = (
    r"$\alpha$-divergence",
    r"Erd\H{o}s--R\'enyi",
    r"$L^2(\mathbb{R}^n)$",
    r"\emph{a priori}",
    r"K\"ahler",
    r"$O(n \log n)$",
    r"\"quoted\" \\ text",
    r"$x<y & z>0$",
)
_NOT_ASCII = (
    "naïve",
    "Schrödinger",
    "İstanbul",
    "ΣΊΣΥΦΟΣ",
    "量子场论",
    "𝔤-modules",
    "Straße",
    "—",
    "e\u0301tale",
    "ﬁeld",
)
_ODD_SPACES = ("\t", "  ", "\u00a0", "\u2003", "\r\n", "\u2028", "\x1c", "\x0b", " \n ")
_GIVEN = "Ada Joeri José Maria-Theresa Wei Ping Anand Hadas J. M.-L. Sándor Åsa Xu".split()
_FAMILY = r"Hermans Louppe K\"onig Müller O\'Brien Anderson Brand Kim van-der-Berg Zhang {\L}ukasz Øre 李".split()
_HOW_MANY_AUTHORS = (1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 8, 10, 30)
_AFFILIATIONS = ("(CERN)", "(for the X Collaboration)", "(1 and 2)", "(MIT, Boston)", "(LPT)")
_CATEGORIES = "cs.LG cs.DC stat.ML math.CO math-ph cond-mat.mes-hall hep-th quant-ph astro-ph.GA cs.NA".split()
_ARCHIVES = "math.AG hep-th cond-mat quant-ph astro-ph cs.LO".split()
_LICENSES = (
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "http://creativecommons.org/licenses/by/4.0/",
    "",
)


class Paper(TypedDict):
    """One version of one paper; the names are those of ``PaperMetadata``."""

    arxiv_id: str
    version: int
    title: str
    abstract: str
    authors: str
    categories: tuple[str, ...]
    license: str
    submitted_at: datetime


def made_up_papers(count: int, seed: int = 1) -> Iterator[Paper]:
    """Yield ``count`` different papers, for the same seed always the same ones."""
    rng = random.Random(seed)
    for index in range(count):
        submitted_at = datetime(1991, 8, 14, tzinfo=UTC) + timedelta(microseconds=rng.randrange(1_100_000_000_000_000))
        if index % 10 == 0:  # any time zone is one way of naming the instant
            submitted_at = submitted_at.astimezone(timezone(timedelta(minutes=rng.randint(-720, 840))))
        yield {
            "arxiv_id": _arxiv_id(rng, index),
            "version": rng.choice((1, 1, 1, 2, 3, 12)),
            "title": _text(rng, rng.randint(1, 18), width=75),
            "abstract": _abstract(rng),
            "authors": _authors(rng),
            "categories": _categories(rng),
            "license": rng.choice(_LICENSES),
            "submitted_at": submitted_at,
        }


def _arxiv_id(rng: random.Random, index: int) -> str:
    month = f"{rng.randint(0, 99):02}{rng.randint(1, 12):02}"
    if index % 4 == 0:
        return f"{rng.choice(_ARCHIVES)}/{month}{index % 1000:03}"
    return f"{month}.{index:05}" if index % 4 > 1 else f"{month}.{index % 10000:04}"


def _text(rng: random.Random, words: int, width: int) -> str:
    """Return words wrapped as arXiv wraps them, some texts with accents, a few with odd white space."""
    text = ""
    line = 0
    not_ascii = rng.random() < 0.06
    odd_spaces = rng.random() < 0.03
    for index in range(words):
        chance = rng.random()
        word = rng.choice(_TEX if chance < 0.05 else _NOT_ASCII if not_ascii and chance < 0.3 else _WORDS)
        line += len(word) + 1
        if index == 0:
            space = ""
        elif odd_spaces and chance > 0.8:
            space = rng.choice(_ODD_SPACES)
        elif line > width:
            space, line = "\n", len(word)
        else:
            space = " "
        text += space + word
    return text


def _abstract(rng: random.Random) -> str:
    """Return one to three paragraphs; most abstracts are longer than an excerpt."""
    paragraphs = [_text(rng, rng.randint(10, 180), width=79) for _ in range(rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 3)))]
    return "  " + "\n  ".join(paragraphs) + rng.choice(("\n", "", " \n"))


def _authors(rng: random.Random) -> str:
    names = [f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}" for _ in range(rng.choice(_HOW_MANY_AUTHORS))]
    names = [f"{name} {rng.choice(_AFFILIATIONS)}" if rng.random() < 0.05 else name for name in names]
    line = rng.choice((", ", ", ", " ,\n  ", ",")).join(names[:-1])
    last = rng.choice((" and ", ", and ", ", ", "\n  and ")) if line else ""
    return line + last + names[-1]


def _categories(rng: random.Random) -> tuple[str, ...]:
    categories = rng.sample(_CATEGORIES, rng.randint(1, 5))
    if len(categories) > 1 and rng.random() < 0.1:
        categories[-1] = categories[0]  # the primary category, named once more
    return tuple(categories)
