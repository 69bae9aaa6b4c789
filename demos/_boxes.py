"""Number boxes and sliders as visitors leave them: read and checked before a handler sees the value.

Gradio's own check answers in English only, and ends the event before the stage could say anything; so
the frame asks for the raw values (`preprocess=False`) and refuses them here, as part of the answer.
"""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from core.errors import InputError, check_range
from demos._words import resolve


def read(
    components: Mapping[str, gr.components.Component], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The values that a scene's handler gets; `InputError` for an empty box or one out of its range."""
    refuse_empty(components, values)
    return {name: _read(components[name], value) for name, value in values.items()}


def refuse_empty(
    components: Mapping[str, gr.components.Component], values: Mapping[str, Any]
) -> None:
    """Raise `InputError` if a number is missing: what Gradio sends for a box that was cleared."""
    for name, value in values.items():
        component = components[name]
        if value is None and isinstance(component, gr.Number | gr.Slider):
            en, zh = _names(component)
            raise InputError(
                en=f"The box “{en}” is empty. Type a number.",
                zh=f"“{zh}”是空的，请填一个数。",
            )


def _read(component: gr.components.Component, value: Any) -> Any:
    if not isinstance(component, gr.Number | gr.Slider):
        return component.preprocess(value)
    en, zh = _names(component)
    check_range(en, value, component.minimum, component.maximum, zh=zh)
    return gr.Number.round_to_precision(value, component.precision)


def _names(component: gr.components.Component) -> tuple[str, str]:
    """What stands over the component, in English and in Chinese."""
    label = str(component.label or "")
    return resolve(label, "en"), resolve(label, "zh")
