// From stored probabilities to triples, as `core.models.triples_decoding` does it: no server, no waiting.
// A piece holds both stages of a part of the text; all positions count code points of the whole text.

/** Probabilities travel as ten thousandths; both stages as numbers from 0 to 1, once. */
export function unpack(block) {
  for (const piece of block.pieces) {
    if (piece.unpacked) continue;
    piece.s = piece.s.map((p) => p / 10000);
    piece.e = piece.e.map((p) => p / 10000);
    piece.cells = piece.cells.map(([subject, position, end, kind, p]) => [subject, position, end, kind, p / 10000]);
    piece.unpacked = true;
  }
  return block;
}

const at = (place) => `${place[0]}:${place[1]}`;

/** Every start that reaches its threshold, with the first end at or after it that reaches its own. */
function pairs(start, end, least) {
  const stops = [];
  end.forEach((p, i) => p >= least.end && stops.push(i));
  const found = [];
  let next = 0;
  start.forEach((p, i) => {
    while (next < stops.length && stops[next] < i) next++;
    if (p >= least.start && next < stops.length) found.push([i, stops[next] + 1]);
  });
  return found;
}

/** Subjects of a piece at some thresholds, in positions of the whole text. */
export const subjectsOf = (piece, levels) =>
  pairs(piece.s, piece.e, { start: levels.subject, end: levels.share * levels.subject }).map(([a, b]) => [a + piece.start, b + piece.start]);

/** All places of a string in a text of code points, those that overlap included. */
export function placesOf(chars, name) {
  const wanted = [...name];
  const found = [];
  for (let i = 0; wanted.length && i + wanted.length <= chars.length; i++) {
    if (wanted.every((char, k) => chars[i + k] === char)) found.push([i, i + wanted.length]);
  }
  return found;
}

/** What is compared of a name: lower case, without title marks around it. */
export const comparable = (name) => name.trim().replace(/^[《》]+|[《》]+$/g, "").trim().toLowerCase();
export const keyOf = (subject, predicate, object) => JSON.stringify([comparable(subject), predicate, comparable(object)]);

/** Triples of a text, the most probable first; `block` as the tab sends it. */
export function decode(block, chars, levels) {
  const forced = new Set(block.forced.map(at));
  const string = ([a, b]) => chars.slice(a, b).join("");
  const opposite = new Map(block.inverses.flatMap(([a, b]) => [[a, b], [b, a]]));
  const best = new Map();
  for (const piece of block.pieces) {
    const wanted = new Set(subjectsOf(piece, levels).map(at));
    const local = new Map();
    const keep = (triple) => {
      const key = JSON.stringify([string(triple.s), triple.kind, string(triple.o)]);
      const known = local.get(key);
      if (triple.p >= levels.triple && (!known || known.p < triple.p)) local.set(key, triple);
    };
    piece.subjects.forEach((place, row) => {
      const certain = forced.has(at(place));
      if (!certain && !wanted.has(at(place))) return;
      const sure = certain ? 1 : piece.s[place[0] - piece.start] * piece.e[place[1] - 1 - piece.start];
      for (const [kind, span, chance] of objects(piece, row, levels)) keep({ s: place, kind, o: span, first: sure, second: chance, p: sure * chance, inferred: false });
    });
    for (const triple of [...local.values()]) {
      if (opposite.has(triple.kind)) keep({ ...triple, s: triple.o, o: triple.s, kind: opposite.get(triple.kind), inferred: true });
    }
    for (const triple of local.values()) {
      const read = (triple.inferred ? triple.o : triple.s)[0];
      if (read < piece.first || read >= piece.last) continue;
      const key = JSON.stringify([string(triple.s), triple.kind, string(triple.o)]);
      if (!best.has(key) || best.get(key).p < triple.p) best.set(key, triple);
    }
  }
  return [...best.values()].sort((a, b) => b.p - a.p).map((triple) => {
    const [subjectType, predicate, objectType] = block.kinds[triple.kind];
    const [subject, object] = [string(triple.s), string(triple.o)];
    return { ...triple, subject, predicate, object, subjectType, objectType, subjectPlaces: placesOf(chars, subject), objectPlaces: placesOf(chars, object) };
  });
}

/** Kind, span and probability of a subject's objects. */
function* objects(piece, row, levels) {
  const kinds = new Map();
  for (const [subject, position, end, kind, p] of piece.cells) {
    if (subject !== row || p < (end ? levels.share * levels.object : levels.object)) continue;
    const both = kinds.get(kind) ?? kinds.set(kind, [[], []]).get(kind);
    both[end].push([position, p]);
  }
  for (const [kind, [starts, ends]] of kinds) {
    ends.sort((a, b) => a[0] - b[0]);
    for (const [begin, p] of starts) {
      const stop = ends.find(([position]) => position >= begin);
      if (stop) yield [kind, [begin, stop[0] + 1], p * stop[1]];
    }
  }
}
