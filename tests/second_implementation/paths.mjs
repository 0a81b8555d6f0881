/** JSON paths (format 1.2.1), and the order of code points. */

const SHORT = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\f', '\\f'],
  ['\r', '\\r'],
]);

/**
 * The path of a member of what is at `path`.
 * @param {string} path
 * @param {string} name
 * @returns {string}
 */
export function memberPath(path, name) {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${path}.${name}`;
  const spelt = name.replace(/[^ !#-[\]-~]/g, (unit) => {
    return SHORT.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `${path}["${spelt}"]`;
}

/**
 * The path of an element of what is at `path`.
 * @param {string} path
 * @param {number} index
 * @returns {string}
 */
export function elementPath(path, index) {
  return `${path}[${index}]`;
}

/**
 * Compares texts by code points; JavaScript's own order is that of UTF-16 code units.
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
export function compareCodePoints(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) {
      const rank = (unit) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
      return rank(left) - rank(right);
    }
  }
  return a.length - b.length;
}
