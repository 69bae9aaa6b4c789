"""The four verse forms of the gallery: couplets (联) and quatrains (绝句) of 5 or 7 characters a line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A verse form: `lines` lines of `width` characters each."""

    name: str
    zh: str
    en: str
    lines: int
    width: int

    @property
    def length(self) -> int:
        """Number of characters of a whole poem, punctuation not counted."""
        return self.lines * self.width

    def split(self, text: str) -> list[str]:
        """Cut a string of `length` characters into its lines."""
        return [text[i : i + self.width] for i in range(0, len(text), self.width)]


COUPLET5 = Form("couplet5", "五言联", "couplet, 5 characters", 2, 5)
COUPLET7 = Form("couplet7", "七言联", "couplet, 7 characters", 2, 7)
QUATRAIN5 = Form("quatrain5", "五绝", "quatrain, 5 characters", 4, 5)
QUATRAIN7 = Form("quatrain7", "七绝", "quatrain, 7 characters", 4, 7)

# The order is a file format: a form's place here is its index in the embedding of `poem-vae`.
FORMS = (COUPLET5, COUPLET7, QUATRAIN5, QUATRAIN7)
BY_NAME = {form.name: form for form in FORMS}
BY_LENGTH = {form.length: form for form in FORMS}
