"""What the operator is told when the store cannot be opened as it is."""

from __future__ import annotations

from gateway.model.words import text


class StoreNotice(Exception):
    """The store is not as it must be, and somebody has to do something about it. `message` says what, in words."""

    def __init__(self, key: str, /, **values: str) -> None:
        self.key = key
        """Of the sentence in the catalogues."""
        self.values = values
        super().__init__(self.message("en"))

    def message(self, lang: str) -> str:
        """What is wrong and which command mends it, in `lang` ("vi" or "en")."""
        return text(lang, self.key, **self.values)
