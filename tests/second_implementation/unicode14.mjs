/**
 * Lower case, Cased and Case_Ignorable of Unicode 14.0 (format 3.1.1 and 3.1.2), made from the newer tables of the
 * JavaScript engine by taking the differences back.
 */

/** Ranges of code points, as the format lists them. */
function set(...ranges) {
  const points = new Set();
  for (const [first, last] of ranges.map((range) => (Array.isArray(range) ? range : [range, range]))) {
    for (let point = first; point <= last; point += 1) points.add(point);
  }
  return points;
}

const NO_LOWER_CASE = set(
  0x1c89,
  [0xa7cb, 0xa7cc],
  0xa7ce,
  0xa7d2,
  0xa7d4,
  0xa7da,
  0xa7dc,
  [0x10d50, 0x10d65],
  [0x16ea0, 0x16eb8],
);

const NOT_CASED = set(
  [0x1c89, 0x1c8a],
  [0xa7cb, 0xa7cf],
  0xa7d2,
  0xa7d4,
  [0xa7da, 0xa7dc],
  [0x10d50, 0x10d65],
  [0x10d70, 0x10d85],
  [0x16ea0, 0x16eb8],
  [0x16ebb, 0x16ed3],
  [0x1df25, 0x1df2a],
);
const CASED = set(0x0295);

const NOT_CASE_IGNORABLE = set(
  0x0897,
  0x0ece,
  [0x1acf, 0x1add],
  [0x1ae0, 0x1aeb],
  0xa7f1,
  0x10d4e,
  [0x10d69, 0x10d6d],
  0x10d6f,
  0x10ec5,
  [0x10efa, 0x10eff],
  0x11241,
  [0x113bb, 0x113c0],
  0x113ce,
  0x113d0,
  0x113d2,
  [0x113e1, 0x113e2],
  0x11b60,
  [0x11b62, 0x11b64],
  0x11b66,
  0x11dd9,
  [0x11f00, 0x11f01],
  [0x11f36, 0x11f3a],
  0x11f40,
  0x11f42,
  0x11f5a,
  [0x13439, 0x13440],
  [0x13447, 0x13455],
  [0x1611e, 0x16129],
  [0x1612d, 0x1612f],
  [0x16d40, 0x16d42],
  [0x16d6b, 0x16d6c],
  [0x16ff2, 0x16ff3],
  [0x1e030, 0x1e06d],
  0x1e08f,
  [0x1e4eb, 0x1e4ef],
  [0x1e5ee, 0x1e5ef],
  0x1e6e3,
  0x1e6e6,
  [0x1e6ee, 0x1e6ef],
  0x1e6f5,
  0x1e6ff,
);
const CASE_IGNORABLE = set(0x1171e);

/**
 * The full lower case of one character, context aside.
 * @param {string} character one code point
 * @returns {string}
 */
export function lowerCase(character) {
  return NO_LOWER_CASE.has(character.codePointAt(0)) ? character : character.toLowerCase();
}

/** @param {string} character one code point @returns {boolean} */
export function isCased(character) {
  const point = character.codePointAt(0);
  return CASED.has(point) || (/\p{Cased}/u.test(character) && !NOT_CASED.has(point));
}

/** @param {string} character one code point @returns {boolean} */
export function isCaseIgnorable(character) {
  const point = character.codePointAt(0);
  return CASE_IGNORABLE.has(point) || (/\p{Case_Ignorable}/u.test(character) && !NOT_CASE_IGNORABLE.has(point));
}
