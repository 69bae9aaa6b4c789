"""Loading once, sharing errors and memory, evicting what nobody holds."""

import threading
import time

import pytest
import torch
from torch import nn

from core.runtime.residency import Residency, size_of
from tests.laws import at_once

CPU = torch.device("cpu")
BYTES = 4 * 10  # of one model below


class Loads:
    """Makes a module of 10 numbers for any name, and remembers for which."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.names: list[str] = []
        self.seconds = seconds
        self.broken = False

    def __call__(self, name: str) -> tuple[nn.Module, str]:
        self.names.append(name)
        time.sleep(self.seconds)
        if self.broken:
            raise OSError(f"{name} is broken")
        return nn.Linear(10, 1, bias=False), name[:4]


def use(models: Residency, name: str) -> nn.Module:
    with models.hold(name) as resident:
        return resident.model


def test_a_model_is_loaded_once():
    loads = Loads()
    models = Residency(loads, CPU, 10 * BYTES)
    assert use(models, "a") is use(models, "a")
    assert loads.names == ["a"]
    assert models.models() == {"a": {"bytes": BYTES, "users": 0, "weights": "a"}}


def test_many_visitors_one_load():
    loads = Loads(0.05)
    models = Residency(loads, CPU, 10 * BYTES)
    found = at_once([lambda: use(models, "a")] * 8)
    assert loads.names == ["a"] and len(set(map(id, found))) == 1
    assert models.models()["a"]["users"] == 0


def test_different_models_load_side_by_side():
    both = threading.Barrier(2)

    def load(name: str) -> tuple[nn.Module, str]:
        both.wait(timeout=20)
        return nn.Linear(1, 1), name

    models = Residency(load, CPU, 10 * BYTES)
    found = at_once([lambda: use(models, "a"), lambda: use(models, "b")])
    assert all(isinstance(module, nn.Linear) for module in found)


def test_an_error_is_shared_by_those_who_wait_and_not_kept():
    loads = Loads(0.05)
    loads.broken = True
    models = Residency(loads, CPU, 10 * BYTES)
    found = at_once([lambda: use(models, "a")] * 4)
    assert len(loads.names) == 1
    assert all(isinstance(error, OSError) for error in found)
    loads.broken = False
    assert isinstance(use(models, "a"), nn.Linear)
    assert models.models()["a"]["users"] == 0


def test_the_least_recently_used_goes_first():
    models = Residency(Loads(), CPU, 2 * BYTES)
    for name in ("a", "b", "a", "c"):
        use(models, name)
    assert list(models.models()) == ["a", "c"] and models.evictions == 1


def test_a_model_in_use_stays_and_goes_when_it_is_let_go():
    models = Residency(Loads(), CPU, BYTES)
    with models.hold("a") as a, models.hold("b"):
        assert set(models.models()) == {"a", "b"}
        use(models, "c")
        assert {"a", "b"} <= set(models.models())
        with models.hold("a") as again:
            assert again is a
    assert len(models.models()) == 1


def test_a_model_above_the_budget_is_kept_alone():
    loads = Loads()
    models = Residency(loads, CPU, 1)
    use(models, "a")
    use(models, "a")
    assert loads.names == ["a"]
    use(models, "b")
    assert list(models.models()) == ["b"]


def test_room_is_made_before_a_model_moves_in():
    models = Residency(Loads(), CPU, BYTES)
    use(models, "a")
    seen = []

    class Watching(nn.Linear):
        def to(self, *args, **kwargs):
            seen.append(list(models.models()))
            return super().to(*args, **kwargs)

    models.adopt("b", Watching(10, 1, bias=False))
    assert seen == [[]] and list(models.models()) == ["b"]


def test_an_adopted_model_replaces_one_in_use():
    models = Residency(Loads(), CPU, 10 * BYTES)
    new = nn.Linear(3, 3).train()
    with models.hold("a") as old:
        models.adopt("a", new, "new")
        with models.hold("a") as adopted:
            assert adopted.model is new and adopted.number != old.number
    assert models.models()["a"] == {"bytes": 48, "users": 0, "weights": "new"}
    assert not new.training


def test_adopting_while_a_load_goes_on():
    loads = Loads(0.1)
    models = Residency(loads, CPU, 10 * BYTES)
    new = nn.Linear(3, 3)
    visitor = threading.Thread(target=use, args=(models, "a"))
    visitor.start()
    time.sleep(0.03)
    models.adopt("a", new)
    visitor.join()
    assert use(models, "a") is new and models.models()["a"]["users"] == 0


def test_shared_tensors_count_once():
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    assert size_of(model) == 2 * 64
    model[1].weight = model[0].weight
    assert size_of(model) == 64
    model.register_buffer("extra", torch.zeros(8, dtype=torch.float16))
    assert size_of(model) == 64 + 16


def test_visitors_of_more_models_than_fit():
    loads = Loads(0.001)
    models = Residency(loads, CPU, 2 * BYTES)

    def visit(start: int) -> bool:
        good = True
        for i in range(30):
            name = "abcde"[(start + i * (start + 1)) % 5]
            with models.hold(name) as resident:
                good &= resident.digest == name and resident.users > 0
                kept = models.models().get(name)
                good &= kept is not None and kept["users"] > 0
        return good

    assert all(at_once([lambda s=s: visit(s) for s in range(6)]))
    assert all(model["users"] == 0 for model in models.models().values())
    assert sum(model["bytes"] for model in models.models().values()) <= 2 * BYTES


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_error_of_a_load_reaches_the_visitor_unchanged(name):
    loads = Loads()
    loads.broken = True
    models = Residency(loads, CPU, BYTES)
    with pytest.raises(OSError, match=f"{name} is broken"):
        use(models, name)
    assert models.models() == {}
