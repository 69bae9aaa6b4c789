"""Triples as files: JSON lines, CSV, Turtle, GraphML, and a page of HTML that needs nothing else.

A *document* is a text with its triples. Names with the same string are one node of the graph, whatever
text they stand in; that is how the knowledge of several sentences is merged.
"""

import csv
import html
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape

from core.errors import InputError, check_choice
from core.models.triples_decoding import Place, Triple

FORMATS = ("jsonl", "csv", "turtle", "graphml", "html")
BASE = "urn:triples:"
# What XML 1.0 cannot hold, even escaped.
_FORBIDDEN = {code: "\ufffd" for code in [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]}
_FORBIDDEN |= {code: "\ufffd" for code in range(0xD800, 0xE000)}


class Document(NamedTuple):
    """A text and what was found in it."""

    text: str
    triples: Sequence[Triple]


class Node(NamedTuple):
    """A name of the graph."""

    name: str
    type: str  # the type it has most often
    mentions: int  # triples that it stands in


class Edge(NamedTuple):
    """A predicate between two names, merged over all documents."""

    subject: str
    predicate: str
    object: str
    probability: float  # of the surest mention
    documents: tuple[int, ...]  # numbers of the documents that say so


def graph(documents: Iterable[Document]) -> tuple[list[Node], list[Edge]]:
    """Names and predicates of all documents, each once, in order of appearance."""
    types: dict[str, dict[str, int]] = {}
    edges: dict[tuple[str, str, str], Edge] = {}
    for number, document in enumerate(documents):
        for t in document.triples:
            for name, kind in ((t.subject, t.subject_type), (t.object, t.object_type)):
                counts = types.setdefault(name, {})
                counts[kind] = counts.get(kind, 0) + 1
            key = (t.subject, t.predicate, t.object)
            known = edges.get(key, Edge(*key, 0.0, ()))
            where = known.documents if number in known.documents else (*known.documents, number)
            edges[key] = Edge(*key, max(known.probability, t.probability), where)
    nodes = [
        Node(name, max(counts, key=lambda kind: counts[kind]), sum(counts.values()))
        for name, counts in types.items()
    ]
    return nodes, list(edges.values())


def write(documents: Sequence[Document], form: str = "jsonl") -> str:
    """All triples as one of `FORMATS`."""
    check_choice("format", form, FORMATS, zh="格式")
    writers = {
        "jsonl": _jsonl,
        "csv": _csv,
        "turtle": _turtle,
        "graphml": _graphml,
        "html": _html,
    }
    return writers[form](documents)


def documents_of(value: Any) -> list[Document]:
    """Documents that a page sends back; raises `InputError` for anything else."""
    try:
        return [
            Document(str(document["text"]), [_triple_of(row) for row in document["triples"]])
            for document in value
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            en="These triples cannot be exported. Extract them again.",
            zh="这些三元组无法导出，请重新抽取。",
        ) from error


def _triple_of(row: dict[str, Any]) -> Triple:
    subject, obj = (
        tuple((int(a), int(b)) for a, b in row[key]) for key in ("subject_places", "object_places")
    )
    return Triple(
        subject=str(row["subject"]),
        predicate=str(row["predicate"]),
        object=str(row["object"]),
        subject_type=str(row["subject_type"]),
        object_type=str(row["object_type"]),
        subject_place=subject[0] if subject else (0, 0),
        object_place=obj[0] if obj else (0, 0),
        subject_places=subject,
        object_places=obj,
        subject_probability=float(row["first"]),
        object_probability=float(row["second"]),
        inferred=bool(row["inferred"]),
    )


def _jsonl(documents: Sequence[Document]) -> str:
    return "".join(
        json.dumps(
            {
                "text": document.text,
                "spo_list": [
                    {
                        "s": t.subject,
                        "p": t.predicate,
                        "o": t.object,
                        "s_type": t.subject_type,
                        "o_type": t.object_type,
                        "s_spans": [list(place) for place in t.subject_places],
                        "o_spans": [list(place) for place in t.object_places],
                        "probability": round(t.probability, 4),
                        "inferred": t.inferred,
                    }
                    for t in document.triples
                ],
            },
            ensure_ascii=False,
        )
        + "\n"
        for document in documents
    )


def _csv(documents: Sequence[Document]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    head = ("document", "subject", "predicate", "object", "subject_type", "object_type")
    writer.writerow([*head, "subject_spans", "object_spans", "probability"])
    for number, document in enumerate(documents, start=1):
        for t in document.triples:
            names = [_harmless(name) for name in (t.subject, t.predicate, t.object)]
            types = [t.subject_type, t.object_type]
            spans = [_spans(t.subject_places), _spans(t.object_places)]
            writer.writerow([number, *names, *types, *spans, f"{t.probability:.4f}"])
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet computes cells that begin like a formula; an apostrophe keeps it text."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _spans(spans: Sequence[Place]) -> str:
    return " ".join(f"{start}:{end}" for start, end in spans)


def _turtle(documents: Sequence[Document]) -> str:
    nodes, edges = graph(documents)
    lines = [
        f"@prefix e: <{BASE}entity:> .",
        f"@prefix p: <{BASE}predicate:> .",
        f"@prefix t: <{BASE}type:> .",
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .",
        "",
    ]
    for node in nodes:
        kind = f" a <{BASE}type:{_iri(node.type)}> ;" if node.type else ""
        lines.append(f"<{BASE}entity:{_iri(node.name)}>{kind} rdfs:label {_literal(node.name)} .")
    lines.append("")
    lines += [
        f"<{BASE}entity:{_iri(e.subject)}> <{BASE}predicate:{_iri(e.predicate)}> "
        f"<{BASE}entity:{_iri(e.object)}> ."
        for e in edges
    ]
    return "\n".join(lines) + "\n"


def _iri(name: str) -> str:
    return quote(name.encode("utf-8", "replace"), safe="")


def _literal(name: str) -> str:
    """A Turtle string; JSON's escapes are among Turtle's."""
    return json.dumps(name.encode("utf-8", "replace").decode("utf-8"), ensure_ascii=False)


def _graphml(documents: Sequence[Document]) -> str:
    nodes, edges = graph(documents)
    number = {node.name: f"n{i}" for i, node in enumerate(nodes)}
    keys = (
        ("label", "node", "string"),
        ("type", "node", "string"),
        ("predicate", "edge", "string"),
        ("probability", "edge", "double"),
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        *(
            f'  <key id="{name}" for="{place}" attr.name="{name}" attr.type="{kind}"/>'
            for name, place, kind in keys
        ),
        '  <graph edgedefault="directed">',
    ]
    for node in nodes:
        lines.append(
            f'    <node id="{number[node.name]}"><data key="label">{_xml(node.name)}</data>'
            f'<data key="type">{_xml(node.type)}</data></node>'
        )
    for i, e in enumerate(edges):
        lines.append(
            f'    <edge id="e{i}" source="{number[e.subject]}" target="{number[e.object]}">'
            f'<data key="predicate">{_xml(e.predicate)}</data>'
            f'<data key="probability">{e.probability:.4f}</data></edge>'
        )
    return "\n".join([*lines, "  </graph>", "</graphml>"]) + "\n"


def _xml(text: str) -> str:
    return escape(text.translate(_FORBIDDEN))


STYLE = """
body { font: 16px/1.7 system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; color: #1f1d1a; background: #faf8f3; }
p.text { white-space: pre-wrap; overflow-wrap: anywhere; }
mark { padding: 0 2px; border-radius: 3px; color: inherit; }
mark.s { background: #f6e3de; } mark.o { background: #e3ebe7; } mark.b { background: #f3ead4; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem; }
td, th { text-align: left; border-bottom: 1px solid #e5dfd3; padding: 3px 10px 3px 0; }
small { color: #6b655c; }
"""


def _html(documents: Sequence[Document]) -> str:
    parts = [
        '<!doctype html><html lang="zh"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><title>三元组 Triples</title>',
        f"<style>{STYLE}</style></head><body><h1>三元组 Triples</h1>",
        '<p><small><mark class="s">主语 subject</mark> <mark class="o">宾语 object</mark> '
        '<mark class="b">两者 both</mark></small></p>',
    ]
    for document in documents:
        parts.append(f'<p class="text">{_marked(document)}</p>')
        if document.triples:
            parts.append("<table>")
            parts += [_row(t) for t in document.triples]
            parts.append("</table>")
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _row(t: Triple) -> str:
    cells = [
        f"{_escape(t.subject)} <small>{_escape(t.subject_type)}</small>",
        _escape(t.predicate),
        f"{_escape(t.object)} <small>{_escape(t.object_type)}</small>",
        f"<small>{t.probability:.3f}</small>",
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _marked(document: Document) -> str:
    """The text with everything that some triple names marked, pieces that overlap included."""
    text = document.text
    roles = [0] * len(text)
    for t in document.triples:
        for places, bit in ((t.subject_places, 1), (t.object_places, 2)):
            for start, end in places:
                for i in range(start, end):
                    roles[i] |= bit
    parts, start = [], 0
    for i in range(1, len(text) + 1):
        if i == len(text) or roles[i] != roles[start]:
            piece = _escape(text[start:i])
            name = ("", "s", "o", "b")[roles[start]]
            parts.append(f'<mark class="{name}">{piece}</mark>' if name else piece)
            start = i
    return "".join(parts)


def _escape(text: str) -> str:
    return html.escape(text.translate(_FORBIDDEN))
