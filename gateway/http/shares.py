"""Who is let in though there is no place: whoever was let in least of late.

How many places somebody holds says little of how much it asks for: five documents a second hold as many as a flood is
left, if only each of them takes long enough. So what counts is how often one was let in during the last `RECENT_S`,
against how many submissions were answered in that time, which is what the door can do.

The measure is that of max-min fairness (Bertsekas and Gallager, Data Networks, 6.5.2). Let everybody be cut down to as
much as this one would have been let in with this submission, and one such share more be kept for whoever comes next: if
all of that is no more than was answered, this one is owed a place. Who asks for little is counted with that little, so
a hundred small ones leave the rest to share, and of n who all want more than they get each is owed 1/(n+1) of what the
door can do. The share kept free is what a queue goes down by. Where there are more callers than answers in that time,
nobody is owed anything, and places alone decide.
"""

from __future__ import annotations

from collections import Counter, deque

RECENT_S = 1.0
"""So far back is remembered. As long, at about the most, waits who is let in because it is owed."""


class Shares:
    """Who was let in how often of late. Time is in seconds of any clock that never goes back; what is remembered are
    the submissions of the last `RECENT_S`, however many callers there were."""

    def __init__(self) -> None:
        self._let_in: deque[tuple[float, str]] = deque()
        self._answered: deque[float] = deque()
        self._often: Counter[str] = Counter()
        self._at_least: Counter[int] = Counter()
        """How many callers were let in so often or more often: its sum from 1 to n is what all have had, none counted
        with more than n."""

    def owe(self, who: str, now_s: float) -> bool:
        """Whether this one is owed a place."""
        self._forget(now_s)
        share = self._often[who] + 1
        others_and_this = sum(self._at_least[often] for often in range(1, share + 1)) + 1
        return others_and_this + share <= len(self._answered)

    def let_in(self, who: str, now_s: float) -> None:
        """This one was let in, owed or not."""
        self._forget(now_s)
        self._let_in.append((now_s, who))
        self._often[who] += 1
        self._at_least[self._often[who]] += 1

    def answered(self, now_s: float) -> None:
        """Somebody's submission was there, and is answered."""
        self._forget(now_s)
        self._answered.append(now_s)

    def _forget(self, now_s: float) -> None:
        while self._answered and self._answered[0] + RECENT_S <= now_s:
            self._answered.popleft()
        while self._let_in and self._let_in[0][0] + RECENT_S <= now_s:
            _, who = self._let_in.popleft()
            self._at_least[self._often[who]] -= 1
            self._often[who] -= 1
            if not self._often[who]:
                del self._often[who]
