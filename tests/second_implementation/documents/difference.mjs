/** The first difference of two values: format 15.2.1. */
import { compareCodePoints, elementPath, memberPath } from '../paths.mjs';

/**
 * The path of the first difference of two JSON values, or null if they are equal.
 *
 * @param {any} a
 * @param {any} b
 * @param {string} path where the two values stand
 * @returns {?string}
 */
export function firstDifference(a, b, path) {
  if (a instanceof Map && b instanceof Map) return objectDifference(a, b, path);
  if (Array.isArray(a) && Array.isArray(b)) return arrayDifference(a, b, path);
  return a === b ? null : path;
}

function objectDifference(a, b, path) {
  for (const name of [...new Set([...a.keys(), ...b.keys()])].sort(compareCodePoints)) {
    const place = memberPath(path, name);
    if (!a.has(name) || !b.has(name)) return place;
    const found = firstDifference(a.get(name), b.get(name), place);
    if (found !== null) return found;
  }
  return null;
}

function arrayDifference(a, b, path) {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const found = firstDifference(a[i], b[i], elementPath(path, i));
    if (found !== null) return found;
  }
  return a.length === b.length ? null : path;
}
