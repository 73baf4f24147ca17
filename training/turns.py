"""Taking from several rankings in turn, so that a rare label gets as much as a frequent one."""

from collections.abc import Iterable, Sequence


def take_turns(rankings: Sequence[Iterable[int]], count: int) -> list[int]:
    """Each ranking's best row that is not taken yet, in turn, until there are `count`, or no more.

    A row may be in several rankings and is taken once; rankings that end drop out.
    """
    left = [iter(ranking) for ranking in rankings]
    taken: dict[int, None] = {}
    while left and len(taken) < count:
        for ranking in list(left):
            best = next((int(row) for row in ranking if int(row) not in taken), None)
            if best is None:
                left.remove(ranking)
            elif len(taken) < count:
                taken[best] = None
    return list(taken)
