"""Smooth functions: max, argmax, top-k, accuracy and F1 with gradients that training can use."""

from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.smooth_functions.numbers import numbers_scene
from demos.smooth_functions.scores import scores_scene
from demos.smooth_functions.train import train_scene
from demos.smooth_functions.typed import formula_scene


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("numbers", say("选最大", "Choose")) as scene:
            numbers_scene(scene)
        with tab.scene("formula", say("公式", "Formula")) as scene:
            formula_scene(scene)
        with tab.scene("scores", say("准确率与 F1", "Scores")) as scene:
            scores_scene(scene)
        with tab.scene("train", say("训练 F1", "Train")) as scene:
            train_scene(scene)


DEMO = Demo(
    slug="smooth-functions",
    section="training",
    title=say("光滑化", "Smoothing"),
    heading=say("把不可导的函数磨光滑", "Functions made smooth enough to train"),
    summary=say(
        "max、argmax、前 k 大、准确率、F1：拧一拧锐度，看误差变小、梯度变陡。",
        "max, argmax, top-k, accuracy, F1: turn the sharpness, watch the error shrink and gradients steepen.",
    ),
    references=(
        Reference(
            title="函数光滑化杂谈：不可导函数的可导逼近",
            url="https://kexue.fm/archives/6620",
            date="2019-05-20",
        ),
    ),
    build=build,
    order=60,
    keywords="光滑 smooth max logsumexp argmax softmax top-k accuracy F1 指标 不可导 differentiable 损失",
)
