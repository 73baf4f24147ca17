"""How long the texts are that a service gets, in code points."""

from random import Random


def short_chars(chance: Random) -> int:
    """Of a message or a lead: 60 to 800."""
    return chance.randint(60, 800)


def press_chars(chance: Random) -> int:
    """Of an article of the press: half have less than 1,600, one in a hundred over 10,000."""
    return min(60_000, int(chance.lognormvariate(7.4, 0.8)))


def huge_chars(chance: Random) -> int:
    """Of a report or a whole page dump, up to the most that is accepted."""
    return chance.randint(80_000, 200_000)


def mixed_chars(chance: Random, *, huge: float = 0.0) -> int:
    """Short ones and press articles in equal parts, and huge ones by their share."""
    luck = chance.random()
    if luck < huge:
        return huge_chars(chance)
    return short_chars(chance) if luck < (1 + huge) / 2 else press_chars(chance)
