/** Elements as trees, and the fields of records in XML (format 14.3). */
import { Refusal } from '../refusal.mjs';

/** An element with what is inside it. */
export class Element {
  /** @param {import('./xml.mjs').Tag} tag */
  constructor(tag) {
    this.tag = tag;
    this.space = tag.space;
    this.local = tag.local;
    this.line = tag.line;
    /** @type {Element[]} */
    this.children = [];
    /** Text directly inside. */
    this.text = '';
  }

  /** @param {string} space @param {string} local @returns {boolean} */
  is(space, local) {
    return this.space === space && this.local === local;
  }

  /** @param {string} space @param {string} local @returns {Element[]} */
  all(space, local) {
    return this.children.filter((child) => child.is(space, local));
  }

  /**
   * The only child of a name.
   * @param {string} space
   * @param {string} local
   * @param {string} path of this element
   * @returns {Element}
   * @throws {Refusal} field-missing, field-repeated
   */
  child(space, local, path) {
    const found = this.all(space, local);
    if (found.length === 0) throw new Refusal('field-missing', `${path}/${local}`);
    if (found.length > 1) throw new Refusal('field-repeated', `${path}/${local}`);
    return found[0];
  }

  /**
   * The text of the only child of a name.
   * @param {string} space
   * @param {string} local
   * @param {string} path of this element
   * @returns {string}
   * @throws {Refusal} field-missing, field-repeated, field-markup
   */
  field(space, local, path) {
    const child = this.child(space, local, path);
    if (child.children.length > 0) throw new Refusal('field-markup', `${path}/${local}`);
    return child.text;
  }

  /** As `field`, but undefined where there is none. */
  optional(space, local, path) {
    return this.all(space, local).length === 0 ? undefined : this.field(space, local, path);
  }

  /**
   * @param {string} name
   * @param {string} path of this element
   * @returns {string}
   * @throws {Refusal} field-missing
   */
  attribute(name, path) {
    const value = this.tag.attributes.get(name);
    if (value === undefined) throw new Refusal('field-missing', `${path}/@${name}`);
    return value;
  }
}

/** A handler of XmlReader that collects watched elements; an element inside a watched one is a part of it. */
export class Collector {
  /**
   * @param {(tag: import('./xml.mjs').Tag, depth: number) => boolean} watched
   * @param {(element: Element, end: number) => void} found
   */
  constructor(watched, found) {
    this.watched = watched;
    this.found = found;
    this.depth = 0;
    /** @type {Element[]} */
    this.stack = [];
  }

  open(tag) {
    this.depth += 1;
    if (this.stack.length === 0 && !this.watched(tag, this.depth)) return;
    const element = new Element(tag);
    if (this.stack.length > 0) this.stack[this.stack.length - 1].children.push(element);
    this.stack.push(element);
  }

  text(text) {
    if (this.stack.length > 0) this.stack[this.stack.length - 1].text += text;
  }

  close(end) {
    this.depth -= 1;
    const element = this.stack.pop();
    if (element !== undefined && this.stack.length === 0) this.found(element, end);
  }
}
