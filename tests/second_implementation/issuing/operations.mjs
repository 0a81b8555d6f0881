/** The operations about issuing (format 7.14, 7.15 and 18). */
import { acceptEvents } from './accept.mjs';
import { buildRecord, compare, eventName, history } from './history.mjs';
import { mint } from './minting.mjs';
import { addEvent, reissue, signEvent } from './own_events.mjs';
import { signingKey } from './registry.mjs';
import { buildSnapshot } from './snapshot_data.mjs';

/** Operation to function. */
export const operations = {
  'accept-events': acceptEvents,
  'add-event': addEvent,
  'build-record': buildRecord,
  'build-snapshot': buildSnapshot,
  compare,
  'event-name': eventName,
  history,
  mint,
  reissue,
  'sign-event': signEvent,
  'signing-key': signingKey,
};
