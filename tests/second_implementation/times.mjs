/** Instants and days (format 1.5). All are UTC, and every one has one spelling. */
import { Refusal } from './refusal.mjs';

const SECOND = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/;
const MICROSECOND = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{6}Z$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const RFC2822 = new RegExp(
  `^(${DAYS.join('|')}), (\\d{1,2}) (${MONTHS.join('|')}) (\\d{4}) ` +
    '((?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d) (?:GMT|UTC|\\+0000)$',
);

/** Whether a date exists in the Gregorian calendar, years 1 to 9999. */
function dateExists(year, month, day) {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}

function matchesInstant(pattern, text) {
  const parts = pattern.exec(text);
  if (parts === null) return false;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  return dateExists(year, month, day) && hour < 24 && minute < 60 && second < 60;
}

/** @param {string} text @returns {boolean} `2018-05-22T09:32:21Z` */
export function isSecond(text) {
  return matchesInstant(SECOND, text);
}

/** @param {string} text @returns {boolean} `2018-05-22T09:32:21.000000Z` */
export function isMicrosecond(text) {
  return matchesInstant(MICROSECOND, text);
}

/** @param {string} text @returns {boolean} a second or a microsecond */
export function isInstant(text) {
  return isSecond(text) || isMicrosecond(text);
}

/** @param {string} text @returns {boolean} `2018-05-22` */
export function isDay(text) {
  const parts = DAY.exec(text);
  return parts !== null && dateExists(Number(parts[1]), Number(parts[2]), Number(parts[3]));
}

/**
 * An instant cut to the second.
 * @param {string} instant a second or a microsecond
 * @returns {string}
 */
export function cutToSecond(instant) {
  return `${instant.slice(0, 19)}Z`;
}

/**
 * Compares two instants, whatever their spellings.
 * @param {string} a
 * @param {string} b
 * @returns {number} below 0, 0, above 0
 */
export function compareInstants(a, b) {
  const long = (text) => (text.length === 20 ? `${text.slice(0, 19)}.000000Z` : text);
  const [left, right] = [long(a), long(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/**
 * An RFC 2822 date of a feed.
 * @param {string} text
 * @returns {string} as a second
 * @throws {Refusal} date-format
 */
export function fromRfc2822(text) {
  const parts = RFC2822.exec(text);
  if (parts === null) throw new Refusal('date-format');
  const [, weekday, day, monthName, year, time] = parts;
  const month = MONTHS.indexOf(monthName) + 1;
  if (!dateExists(Number(year), month, Number(day))) throw new Refusal('date-format');
  const date = new Date(0);
  date.setUTCFullYear(Number(year), month - 1, Number(day));
  if (DAYS[date.getUTCDay()] !== weekday) throw new Refusal('date-format');
  return `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}T${time}Z`;
}

/**
 * Reads a time in the spelling that is asked for.
 * @param {string} text
 * @param {'seconds' | 'microseconds' | 'either' | 'day' | 'rfc2822'} spelling
 * @returns {string}
 * @throws {Refusal} instant-format, date-format
 */
export function readTime(text, spelling) {
  if (spelling === 'rfc2822') return fromRfc2822(text);
  const checks = { seconds: isSecond, microseconds: isMicrosecond, either: isInstant, day: isDay };
  if (!checks[spelling](text)) throw new Refusal(spelling === 'day' ? 'date-format' : 'instant-format');
  return text;
}
