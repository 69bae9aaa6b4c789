"""Code snippets, formulas and plain values of an outcome."""

import importlib
from dataclasses import dataclass

import numpy as np

from core.latent import lerp
from core.tasks import poems
from core.tasks.poems import reading
from demos._outcome import Call, Outcome, formula, plain, run_line


@dataclass(frozen=True)
class Inner:
    values: tuple[float, ...]


@dataclass(frozen=True)
class Outer:
    inner: Inner
    grid: np.ndarray


def test_snippet_leaves_defaults_out():
    code = Call(poems.compose, {"model": "poem-vae", "count": 3, "seed": 20180324}).code()
    assert code == "from core.tasks import poems\n\nresult = poems.compose(count=3)\nprint(result)"


def test_snippet_quotes_what_a_visitor_typed():
    code = Call(poems.read, {"text": "\"'\n\\", "model": "poem-vae"}).code()
    found = {}
    source = code.replace("from core.tasks import poems", "").replace("print(result)", "")

    class Recorder:
        def read(self, **arguments):
            found.update(arguments)

    exec(source, {"poems": Recorder()})  # noqa: S102 (the snippet itself is under test)
    assert found["text"] == "\"'\n\\"


def test_long_snippets_break_lines():
    code = Call(
        poems.compose, {"model": "poem-vae-2018", "acrostic": "科学", "fixed": "?" * 60}
    ).code()
    assert code.count("\n    ") == 3


def test_snippet_of_a_function_elsewhere():
    assert Call(lerp, {"a": 1, "b": 2, "t": 0.5}).code().startswith("from core import latent")


def test_snippet_names_the_package_that_offers_the_function():
    assert poems.read.__module__ == "core.tasks.poems.reading"
    code = Call(poems.read, {}).code()
    assert code.startswith("from core.tasks import poems\n\nresult = poems.read(")
    # Not offered by the package: the module that defines it.
    code = Call(reading.encoded, {}).code()
    assert code.startswith("from core.tasks.poems import reading\n\nresult = reading.encoded(")


def test_snippet_passes_private_packages_by(tmp_path, monkeypatch):
    inner = tmp_path / "snippet_shop" / "_inner"
    inner.mkdir(parents=True)
    (inner / "goods.py").write_text("def sell(): return 'sold'\ndef store(): return 'stored'\n")
    (inner / "__init__.py").write_text("from snippet_shop._inner.goods import sell, store\n")
    (inner.parent / "__init__.py").write_text(
        "from snippet_shop._inner import sell\nstore = 'another thing of that name'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    goods = importlib.import_module("snippet_shop._inner.goods")
    code = Call(goods.sell, {}).code()
    assert code == "import snippet_shop\n\nresult = snippet_shop.sell()\nprint(result)"
    exec(code, {})  # noqa: S102 (the snippet itself is under test)
    assert Call(goods.store, {}).code().startswith("from snippet_shop._inner import goods\n")


def test_plain_values_of_nested_results():
    outer = Outer(Inner((1.0, 2.0)), np.eye(2))
    assert plain(outer) == {"inner": {"values": [1.0, 2.0]}, "grid": [[1.0, 0.0], [0.0, 1.0]]}


def test_formula_is_mathml():
    made = formula(r"\log p(x) \ge -\frac{1}{2}")
    assert made["math"].startswith("<math") and "<mfrac>" in made["math"]


def test_payload_without_timing():
    payload = Outcome(blocks=[], how=["text", formula("x")]).payload()
    assert payload["run"] is run_line(None) is None
    assert payload["how"][0] == {"text": "text"} and "math" in payload["how"][1]
