// Characters as Python counts them, and signs for those that cannot be seen.

/** Code points: a JavaScript string counts UTF-16 units, offsets of results count these. */
export const characters = (text) => [...text];

const NAMED = { "\n": "↵", "\t": "⇥", " ": "␣", "\u3000": "□", "\u00a0": "⍽", "\u200b": "∅", "\u200d": "‿", "\ufeff": "∅" };
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{M}]$/u;

/** What stands for a character in a cell of its own. */
export function sign(char) {
  if (NAMED[char]) return NAMED[char];
  const code = char.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (/^\p{M}$/u.test(char)) return `◌${char}`;
  return INVISIBLE.test(char) ? "·" : char;
}

/** Its code point, for hovering: U+4E2D. */
export const codePoint = (char) => `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** In running text: as typed, but signs that turn the text around or vanish are shown. */
export function readable(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069\u200e\u200f]/g, (char) => sign(char));
}

/** 0.9731 as 97.3 %, with a place more near the ends. */
export function percent(p) {
  const value = 100 * p;
  if (value >= 99.95 && value < 100) return "> 99.9 %";
  if (value > 0 && value < 0.1) return "< 0.1 %";
  return `${value.toFixed(1)} %`;
}
