/** A priority queue (binary heap) for the order of a merge. */
export class Queue {
  #before;
  #items = [];

  /** @param {(a, b) => boolean} before whether `a` comes out before `b`. */
  constructor(before) {
    this.#before = before;
  }

  /** How many items wait. */
  get size() {
    return this.#items.length;
  }

  /** Put one item in. */
  push(item) {
    const items = this.#items;
    let place = items.push(item) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(items[place], items[parent])) break;
      [items[place], items[parent]] = [items[parent], items[place]];
      place = parent;
    }
  }

  /** Take the first item out. */
  pop() {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length > 0) {
      items[0] = last;
      this.#sink();
    }
    return first;
  }

  #sink() {
    const items = this.#items;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= items.length) return;
      if (child + 1 < items.length && this.#before(items[child + 1], items[child])) child += 1;
      if (!this.#before(items[child], items[place])) return;
      [items[place], items[child]] = [items[child], items[place]];
      place = child;
    }
  }
}
