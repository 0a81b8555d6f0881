/**
 * Typed objects (format 1.2.2) from tables of their members.
 *
 * A table names the members in the order in which they are looked at, each with a function that reads it. What comes
 * out is a plain object with these members and with `value`, the whole object as it came, which is what is hashed.
 */
import { Reader } from '../reader.mjs';

/** @typedef {(reader: Reader, name: string) => any} Member */

/**
 * A function that reads objects of one shape.
 *
 * @param {Record<string, Member>} table
 * @returns {(reader: Reader) => object}
 */
export function shape(table) {
  const members = Object.entries(table);
  return (reader) => {
    const object = { value: reader.value };
    for (const [name, read] of members) object[name] = read(reader, name);
    return object;
  };
}

/** @type {Member} */
export const text = (reader, name) => reader.text(name);

/** @type {Member} */
export const texts = (reader, name) => reader.texts(name);

/** @type {Member} */
export const boolean = (reader, name) => reader.boolean(name);

/** @type {Member} */
export const digest = (reader, name) => reader.digest(name);

/** @type {Member} */
export const second = (reader, name) => reader.second(name);

/** @type {Member} */
export const microsecond = (reader, name) => reader.microsecond(name);

/** @type {Member} */
export const instant = (reader, name) => reader.instant(name);

/** @type {Member} an integer of 0 or more */
export const count = (reader, name) => reader.integer(name, 0);

/** @type {Member} an integer of 1 or more */
export const positive = (reader, name) => reader.integer(name, 1);

/** @type {Member} an array of anything */
export const array = (reader, name) => reader.array(name);

/** @type {Member} an object that is kept as it is, a Map */
export const anyObject = (reader, name) => reader.object(name).value;

/**
 * A member that is null, or as another one.
 *
 * @param {Member} read
 * @returns {Member}
 */
export const orNull = (read) => (reader, name) => (reader.any(name) === null ? null : read(reader, name));

/**
 * A member that is an object of a shape.
 *
 * @param {(reader: Reader) => object} readInside
 * @returns {Member}
 */
export const object = (readInside) => (reader, name) => readInside(reader.object(name));

/**
 * A member that is an array of objects of a shape.
 *
 * @param {(reader: Reader) => object} readInside
 * @returns {Member}
 */
export const objects = (readInside) => (reader, name) => Array.from(reader.objects(name), readInside);

/** A JSON object, a Map, from a plain object without nested ones. */
export const mapOf = (members) => new Map(Object.entries(members));
