"""Gradio's own widgets in the gallery's colours; everything else is in `assets/gallery.css`."""

import gradio as gr

SANS = ["system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
MONO = ["ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace"]

# name: (light, dark); see `--paper` and its neighbours in gallery.css
PAPER, CARD = ("#faf8f3", "#171614"), ("#fffdf9", "#1f1d1a")
INK, SOFT = ("#1f1d1a", "#ece6da"), ("#6b655c", "#a39b8d")
LINE, SEAL = ("#e5dfd3", "#35312b"), ("#b23a2e", "#e0695b")
CELADON = ("#3f706a", "#84b5ad")


def theme() -> gr.themes.Base:
    """Warm paper, near-black ink, system fonts only."""
    chosen = gr.themes.Base(font=SANS, font_mono=MONO)
    pairs = {
        "body_background_fill": PAPER,
        "body_text_color": INK,
        "body_text_color_subdued": SOFT,
        "background_fill_primary": CARD,
        "background_fill_secondary": PAPER,
        "block_background_fill": CARD,
        "block_label_text_color": SOFT,
        "block_title_text_color": SOFT,
        "block_info_text_color": SOFT,
        "border_color_primary": LINE,
        "block_border_color": LINE,
        "input_background_fill": PAPER,
        "input_border_color": LINE,
        "input_border_color_focus": CELADON,
        "slider_color": CELADON,
        "color_accent_soft": LINE,
        "checkbox_background_color_selected": CELADON,
        "checkbox_border_color_selected": CELADON,
        "checkbox_label_background_fill": PAPER,
        "checkbox_label_background_fill_selected": CARD,
        "checkbox_label_text_color": INK,
        "button_primary_background_fill": SEAL,
        "button_primary_text_color": ("#fffdf9", "#1b0f0c"),
        "button_secondary_background_fill": CARD,
        "button_secondary_text_color": INK,
        "link_text_color": CELADON,
    }
    values = {}
    for name, (light, dark) in pairs.items():
        values[name], values[f"{name}_dark"] = light, dark
    return chosen.set(**values)
