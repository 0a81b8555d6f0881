/** The one way in which anything here fails for a reason that the format names. */

/** A refusal: a code of docs/codes.md, and the path of what was refused (may be empty). */
export class Refusal extends Error {
  /**
   * @param {string} code
   * @param {string} [path]
   */
  constructor(code, path = '') {
    super(path ? `${code} at ${path}` : code);
    this.name = 'Refusal';
    this.code = code;
    this.path = path;
  }
}

/** What this program does not do: the answer is "unsupported". */
export class Unsupported extends Error {}
