"""What each family offers, in numbers: those stored with its weights, and the speed of this machine.

A number is taken from what `python -m benchmarks quality` measured of the weights, else from what their
recipe measured at the end of training, which takes fewer samples; where there is neither, a reason
stands in its place. Nothing here is written by hand.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core import hub, runtime
from core.errors import check_whole
from core.runtime import Timing
from core.tasks.families.diffusion import check_steps, denoised
from core.tasks.families.members import Member, Roll, overall
from core.tasks.families.passes import decode
from core.tasks.families.records import Column, Comparison, Fact

PROPERTIES = (
    "bits",
    "encoder",
    "round_trip",
    "evaluations",
    "speed",
    "parameters",
    "code",
    "swd",
    "frechet",
)
BEST: dict[str, Callable[..., str]] = {
    "round_trip": max,
    "speed": min,
    "evaluations": min,
    "parameters": min,
    "code": min,
}
# Distances and bits depend on the size of the pictures: a best one is named among equal sizes only.
# For that the benchmark measures the distances of larger pictures averaged down to this side as well.
COMMON_SIDE = 32
OF_A_SIZE: dict[str, Callable[..., str]] = {"bits": min, "swd": min, "frechet": min}
COUNT = 4  # pictures that the speed is measured with


def compare(*, steps: int = 25, count: int = COUNT, seed: int = 20180324) -> Comparison:
    """All families beside each other; the speed is measured now, `count` pictures in one batch."""
    check_steps(steps)
    check_whole("the number of pictures", count, 1, 16, zh="张数")
    check_whole("seed", seed, 0, 2**32 - 1000, zh="随机种子")

    def answer(one: Member) -> Iterator[tuple[Column, Timing]]:
        timing = _timed(one, int(steps), int(count), int(seed))
        metrics = hub.describe(one.model).metrics
        facts = _facts(one, metrics, int(steps))
        facts["speed"] = Fact(
            timing.compute_ms / count,
            "ms",
            f"this machine now, {count} in a batch",
            f"本机现测，{count} 张一批",
        )
        yield Column(one.family, one.model, one.size, facts), timing

    roll = Roll()
    *_, rows = roll.answers(answer)
    columns = tuple(column for column, _ in rows)
    return Comparison(
        properties=PROPERTIES,
        columns=columns,
        missing=tuple(roll.missing),
        best=_best(columns),
        timing=overall([timing for _, timing in rows]),
    )


def _timed(one: Member, steps: int, count: int, seed: int) -> Timing:
    """What a batch of samples takes; the first one, which also warms up, does not count."""
    noise = runtime.noise(seed, count, one.code)
    if one.family != "diffusion":
        decode(one, noise)
        return decode(one, noise)[1]
    next(denoised(one, noise, [seed] * count, steps))
    *_, last = denoised(one, noise, [seed] * count, steps)
    return last.timing


def _facts(one: Member, metrics: Mapping[str, Any], steps: int) -> dict[str, Fact]:
    stored = _Stored(metrics)
    facts = {
        "bits": _bits(one, stored),
        "round_trip": _round_trip(one, stored),
        "parameters": Fact(float(one.parameters)),
        "code": Fact(float(one.code)),
        "swd": _distance(one, stored, "swd", steps),
        "frechet": _distance(one, stored, "frechet", steps),
    }
    passes = steps if one.family == "diffusion" else 1
    facts["evaluations"] = Fact(float(passes))
    facts["encoder"] = ENCODERS[one.family]
    return facts


# What leads from a picture to its code is a matter of the family and not of a measurement.
ENCODERS = {
    "vae": Fact(1.0, "", "a network of its own", "单独的网络"),
    "ogan": Fact(1.0, "", "the discriminator itself", "判别器本身"),
    "glow": Fact(1.0, "", "the generator backwards", "生成器倒着走"),
    "diffusion": Fact(None, "", "none; ddim backwards step by step", "没有；只能一步步倒走 ddim"),
}


class _Stored:
    """Numbers of `metrics.json`: `measured` on the faces first, then the recipe's own `figures`."""

    def __init__(self, metrics: Mapping[str, Any]) -> None:
        measured: Mapping[str, Any] = metrics.get("measured", {})
        faces = [name for name in measured if "utkface" in name] or list(measured)
        self.measured: Mapping[str, Any] = measured[faces[0]] if faces else {}
        self.figures: Mapping[str, Any] = metrics.get("figures", {})

    def take(self, *names: str) -> tuple[float, bool] | None:
        """The first of these figures that is stored, and whether the benchmark measured it.

        A dot in a name leads into a table of figures.
        """
        for source, benchmark in ((self.measured, True), (self.figures, False)):
            for name in names:
                # A recipe's name may hold a dot itself, such as `swd_0.7`.
                value = source.get(name)
                if value is None and "." in name:
                    table, _, key = name.partition(".")
                    inner = source.get(table)
                    value = inner.get(key) if isinstance(inner, Mapping) else None
                if isinstance(value, int | float) and not isinstance(value, bool):
                    return float(value), benchmark
        return None


def _of(
    found: tuple[float, bool],
    what_en: str,
    what_zh: str,
    unit: str = "",
    bound: str = "",
    side: int = 0,
) -> Fact:
    """A stored number and where it comes from."""
    value, benchmark = found
    en = "benchmark" if benchmark else "end of training"
    zh = "基准评测" if benchmark else "训练末"
    return Fact(
        value,
        unit,
        f"{what_en}, {en}" if what_en else en,
        f"{what_zh}，{zh}" if what_zh else zh,
        bound,
        side,
    )


def _unmeasured(en: str = "not measured yet", zh: str = "还没有测") -> Fact:
    return Fact(None, "", en, zh)


def _bits(one: Member, stored: _Stored) -> Fact:
    if one.family == "ogan":
        return _unmeasured("a GAN has no density", "GAN 没有密度")
    if one.family == "diffusion":
        return _unmeasured("trained on v with equal weights, no bound", "对 v 等权训练，没有给出界")
    if one.family == "glow":
        found = stored.take("bits_per_dim")
        if found is None:
            return _unmeasured()
        return _of(found, "exact density", "精确密度", "bits/dim", side=one.size)
    for name, en, zh in (
        ("importance_bits_per_dim", "importance bound", "重要性采样的界"),
        ("elbo_bits_per_dim", "ELBO", "ELBO"),
    ):
        if found := stored.take(name):
            return _of(found, en, zh, "bits/dim", "≤", one.size)
    return _unmeasured()


def _round_trip(one: Member, stored: _Stored) -> Fact:
    """PSNR of reconstructions of unseen faces; a flow's from its largest error."""
    if one.family == "glow":
        found = stored.take("round_trip_max_error_fp32")
        if found is None:
            return _unmeasured()
        largest = 255 * found[0]
        return _of(
            (EXACT_PSNR if largest < 0.5 else _psnr_of(largest), found[1]),
            f"exact: largest error {largest:.4f} levels",
            f"精确：最大误差 {largest:.4f} 级",
            "dB",
            "≥",
        )
    found = stored.take("reconstruction_psnr")
    if found is None:
        return _unmeasured()
    return _of(found, "mean PSNR of unseen faces", "未见过的脸的平均 PSNR", "dB")


EXACT_PSNR = 54.2  # what `psnr` gives pictures that are equal level by level


def _psnr_of(levels: float) -> float:
    import math

    return 20 * math.log10(255 / levels)


def _distance(one: Member, stored: _Stored, name: str, steps: int) -> Fact:
    """Sliced Wasserstein or Fréchet distance of samples from unseen faces, at the common side if known."""
    names, en, zh = [name], "T = 1", "T = 1"
    if one.family == "glow":
        names = [f"{name}.1.0", f"{name}_1.0"]
    elif one.family == "diffusion":
        names = [f"{name}.{steps}", f"{name}.25", name]
        en, zh = f"{steps} steps of ddim", f"ddim {steps} 步"
        if stored.take(names[0]) is None:
            en, zh = "25 steps of ddim", "ddim 25 步"
    found, side = stored.take(f"at_{COMMON_SIDE}_pixels.{name}"), COMMON_SIDE
    if found is None:
        found, side = stored.take(*names), one.size
    if found is None:
        if name == "frechet":
            return _unmeasured(
                "needs the benchmark with face-attributes", "需用 face-attributes 跑基准评测"
            )
        return _unmeasured()
    return _of(found, f"{en}, {side} px", f"{zh}，{side} 像素", side=side)


def _best(columns: tuple[Column, ...]) -> dict[str, str]:
    """Property to the family that is best at it, if no other one is as good."""
    found: dict[str, str] = {}
    for name, choose in {**BEST, **OF_A_SIZE}.items():
        having = {c.family: c.facts[name] for c in columns if c.facts[name].value is not None}
        sides = {fact.side for fact in having.values()}
        if len(having) < 2 or (name in OF_A_SIZE and len(sides) > 1):
            continue
        values = {family: fact.value for family, fact in having.items()}
        first = choose(values, key=lambda family: values[family])
        if list(values.values()).count(values[first]) == 1:
            found[name] = first
    return found
