"""Answers that are worked out when they are asked for the first time."""

from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


class Remembered(dict[str, Answer]):
    """Answers for words or sentences, as a dict that works out what it does not hold.

    Parameters
    ----------
    answer : callable
        Gives the answer for a text; the same whenever it is asked.
    size : int
        Answers that are held: a memory of all words of a long corpus would only grow.
    longest : int
        Characters of a text, beyond which it is never remembered.
    """

    def __init__(
        self, answer: Callable[[str], Answer], size: int = 100_000, longest: int = 50
    ) -> None:
        super().__init__()
        self._answer = answer
        self._size = size
        self._longest = longest

    def __missing__(self, text: str) -> Answer:
        """Work out an answer."""
        answer = self._answer(text)
        if len(text) <= self._longest:
            if len(self) >= self._size:
                self.clear()
            self[text] = answer
        return answer
