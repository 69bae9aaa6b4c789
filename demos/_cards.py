"""Model cards as the page shows them: facts from the manifest and the measured figures."""

from typing import Any

from core import hub


def card(name: str) -> dict[str, Any]:
    """Facts and figures of a weights name as plain values; says so when there are none."""
    try:
        return {"name": name, **hub.describe(name)}
    except hub.WeightsError as error:
        return {"name": name, "error": str(error)}
