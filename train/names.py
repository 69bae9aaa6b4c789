"""Names of four kinds from all the annotated training sets, as lexicons for taggers of entities.

More than half of the entities of new text are names that a tagger's own training set does not have;
other sets know many of them. A set's own names stay out of its lexicons: they would be found in every
training sentence, and the model would trust the lists more than unseen text deserves.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.readers import read_jsonl
from benchmarks.tagging_data import read_entities, read_names, read_parts_of_speech

KINDS = ("person", "place", "organisation", "work")

ENTITIES = {
    "msra": {"PER": "person", "LOC": "place", "ORG": "organisation"},
    "cluener": {
        "name": "person",
        "scene": "place",
        "company": "organisation",
        "government": "organisation",
        "organization": "organisation",
        "book": "work",
        "movie": "work",
        "game": "work",
    },
    "resume": {"NAME": "person", "LOC": "place", "ORG": "organisation"},
    "weibo": {
        "PER.NAM": "person",
        "LOC.NAM": "place",
        "GPE.NAM": "place",
        "ORG.NAM": "organisation",
    },
}
PARTS_OF_SPEECH = {"nr": "person", "ns": "place", "nt": "organisation"}
ARGUMENTS = {
    "人物": "person",
    "历史人物": "person",
    "娱乐人物": "person",
    "国家": "place",
    "城市": "place",
    "行政区": "place",
    "地点": "place",
    "景点": "place",
    "机构": "organisation",
    "企业": "organisation",
    "企业/品牌": "organisation",
    "学校": "organisation",
    "影视作品": "work",
    "电视综艺": "work",
    "歌曲": "work",
    "音乐专辑": "work",
    "图书作品": "work",
    "文学作品": "work",
}


def read_lexicons(data: Path, without: str, limit: int | None = None) -> list[set[str]]:
    """One set of names a kind, then THUOCL's places and historical persons.

    `without` is the entity set whose training part is left out; `limit` examples of each file are
    read. A file that is not there is passed over.
    """
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for kind, name in _named(data, without, limit):
        found[kind].add(name)
    return [*found.values(), *read_names(data)]


def _named(data: Path, without: str, limit: int | None) -> Iterator[tuple[str, str]]:
    for part, kinds in ENTITIES.items():
        path = data / "ner" / f"{part}.train.jsonl.xz"
        if part != without and path.is_file():
            for text, spans in read_entities(path, limit):
                for start, end, name in spans:
                    if name in kinds:
                        yield kinds[name], text[start:end]
    path = data / "segmentation" / "pd1998_pos.train.txt.xz"
    if path.is_file():
        for text, spans in read_parts_of_speech(path, limit):
            for i, (start, end, tag) in enumerate(spans):
                if tag in PARTS_OF_SPEECH:
                    yield PARTS_OF_SPEECH[tag], text[start:end]
                if tag == "nr" and i and spans[i - 1][2] == "nr":  # family name and given name
                    yield "person", text[spans[i - 1][0] : end]
    path = data / "ie" / "duie2.train.jsonl.xz"
    if path.is_file():
        for row in islice(read_jsonl(path), limit):
            for triple in row["spo_list"]:
                for role in ("s", "o"):
                    if kind := ARGUMENTS.get(triple[f"{role}_type"]):
                        yield kind, triple[role]
    path = data / "ie" / "finre.train.jsonl.xz"
    if path.is_file():
        for row in islice(read_jsonl(path), limit):
            for triple in row["spo_list"]:
                yield "organisation", triple["s"]
                yield "organisation", triple["o"]
