"""Photos in the scenes that take pictures: cut to the largest pictures that a family here has."""

from typing import Any

from core.tasks import families
from demos._pictures import photo_aligner


def align_photo(value: Any) -> dict[str, Any]:
    """Find the face of a photo, or cut the square that was drawn by hand."""
    return photo_aligner(families.largest_size())(value)
