/** The merge `pith-open-graph-merge-v1`: docs/merge.md, steps 3 to 8. */
import { digestOf } from '../canonical.mjs';
import { compareCodePoints } from '../paths.mjs';
import { FAMILIES } from './families.mjs';
import { Queue } from './queue.mjs';
import { mapOf } from './shapes.mjs';

const SUPERSEDES_OTHER = 'supersedes-other-signer';
const MISSING = 'predecessor-missing';
const CYCLE = 'predecessor-cycle';

/**
 * What a merge comes to.
 *
 * @typedef {object} Merged
 * @property {Map<string, any>} state `state_sha256` included
 * @property {{event_id: string, reason: string}[]} invalid the events that are invalid
 * @property {Set<string>} applied the identifiers of the events that are applied
 * @property {Set<string>} shown the identifiers of the events that `current` shows
 * @property {?object} record the event that is shown as `record_created`
 */

/**
 * Merge the judged events of one number into its state.
 *
 * @param {string} pithNumber as it is to stand in the state
 * @param {{event: object, id: string, reason: ?string}[]} judged each copy of each event, with its recomputed
 *   identifier and the code of its first failure (null where there is none)
 * @param {Map<string, any>[]} aliases copied into the state as they are
 * @returns {Merged}
 */
export function mergeEvents(pithNumber, judged, aliases) {
  const { valid, invalid } = joinCopies(judged);
  const order = arrange(valid, invalid);
  const groups = [...contradictingSuccessors(order), ...contradictingRecords(order)].sort(compareGroups);
  const equivocating = new Set(groups.flatMap((group) => group.event_ids));
  const applied = order.filter((node) => !equivocating.has(node.id));
  const invalidEvents = [...invalid].map(([id, reason]) => ({ event_id: id, reason }));
  invalidEvents.sort((a, b) => compareCodePoints(a.event_id, b.event_id));
  const { current, shown, record } = inForce(applied, aliases);
  const state = mapOf({
    state_type: 'pith_open_graph_state',
    state_version: '1.0',
    merge_version: 'pith-open-graph-merge-v1',
    pith_number: pithNumber,
    event_count: order.length + invalidEvents.length,
    valid_event_count: order.length,
    invalid_event_count: invalidEvents.length,
    equivocation_count: groups.length,
    applied_event_ids: applied.map((node) => node.id),
    equivocations: groups.map(mapOf),
    invalid_events: invalidEvents.map(mapOf),
    current,
  });
  state.set('state_sha256', digestOf(state));
  return { state, invalid: invalidEvents, applied: new Set(state.get('applied_event_ids')), shown, record };
}

/** Step 3: one node for each identifier; valid if a copy is, else with the smallest reason. */
function joinCopies(judged) {
  const valid = new Map();
  const invalid = new Map();
  for (const { event, id, reason } of judged) {
    if (reason === null) {
      if (!valid.has(id)) valid.set(id, makeNode(event, id));
    } else if (!invalid.has(id) || compareCodePoints(reason, invalid.get(id)) < 0) {
      invalid.set(id, reason);
    }
  }
  for (const id of valid.keys()) invalid.delete(id);
  return { valid, invalid };
}

function makeNode(event, id) {
  const supersedes = [...new Set(event.supersedes)];
  const names = new Set(supersedes);
  if (event.prev_event !== null) names.add(event.prev_event);
  return { event, id, supersedes, names: [...names], signer: event.signer.signer_id };
}

const isRecord = (node) => node.event.event_type === 'record_created';

/** Steps 4 and 5: the events that can be put in order; the others become invalid. */
function arrange(valid, invalid) {
  for (const node of [...valid.values()]) {
    const foreign = node.supersedes.some((name) => valid.has(name) && valid.get(name).signer !== node.signer);
    if (foreign) invalid.set(node.id, SUPERSEDES_OTHER);
  }
  for (const id of invalid.keys()) valid.delete(id);

  const followers = new Map();
  const waiting = new Map();
  const ready = new Queue(comesBefore);
  for (const node of valid.values()) {
    waiting.set(node, node.names.length);
    if (node.names.length === 0) ready.push(node);
    for (const name of node.names) {
      if (!followers.has(name)) followers.set(name, []);
      followers.get(name).push(node);
    }
  }
  const order = [];
  while (ready.size > 0) {
    const node = ready.pop();
    order.push(node);
    for (const follower of followers.get(node.id) ?? []) {
      waiting.set(follower, waiting.get(follower) - 1);
      if (waiting.get(follower) === 0) ready.push(follower);
    }
  }
  const missing = restOnMissing(valid, followers);
  const ordered = new Set(order);
  for (const node of valid.values()) {
    if (!ordered.has(node)) invalid.set(node.id, missing.has(node) ? MISSING : CYCLE);
  }
  return order;
}

/** The events that name something that is not there, or another such event. */
function restOnMissing(valid, followers) {
  const found = new Set();
  const open = [];
  for (const node of valid.values()) {
    if (node.names.some((name) => !valid.has(name))) {
      found.add(node);
      open.push(node);
    }
  }
  while (open.length > 0) {
    for (const follower of followers.get(open.pop().id) ?? []) {
      if (!found.has(follower)) {
        found.add(follower);
        open.push(follower);
      }
    }
  }
  return found;
}

/** Whether `a` comes before `b`, of two events that may both come next. */
function comesBefore(a, b) {
  if (isRecord(a) !== isRecord(b)) return isRecord(a);
  return (compareCodePoints(a.event.created_at, b.event.created_at) || compareCodePoints(a.id, b.id)) < 0;
}

/** Step 6, first sort: successors of one event, by one signer and about one target. */
function contradictingSuccessors(order) {
  const groups = new Map();
  for (const node of order) {
    const { target, prev_event: previous } = node.event;
    if (previous === null) continue;
    const key = JSON.stringify([node.signer, target, previous]);
    if (!groups.has(key)) {
      groups.set(key, { signer_id: node.signer, target, prev_event: previous, event_ids: [] });
    }
    groups.get(key).event_ids.push(node.id);
  }
  return [...groups.values()].filter((group) => group.event_ids.length > 1).map(sortIds);
}

/** Step 6, second sort: records of one signer of which one neither supersedes another nor is superseded by it. */
function contradictingRecords(order) {
  const records = new Map();
  const numbers = new Map();
  for (const node of order.filter(isRecord)) {
    if (!records.has(node.signer)) records.set(node.signer, []);
    numbers.set(node.id, records.get(node.signer).push(node) - 1);
  }
  const above = nearest([...order].reverse(), numbers, supersededBy(order), Infinity, Math.min);
  const below = nearest(order, numbers, (node) => node.supersedes, -Infinity, Math.max);
  const groups = [];
  for (const [signer, own] of records) {
    const unrelated = new Set();
    for (let i = 0, highest = -Infinity; i < own.length; i += 1) {
      if (highest > i) unrelated.add(own[i].id);
      highest = Math.max(highest, above.get(own[i].id));
    }
    for (let i = own.length - 1, lowest = Infinity; i >= 0; i -= 1) {
      if (lowest < i) unrelated.add(own[i].id);
      lowest = Math.min(lowest, below.get(own[i].id));
    }
    if (unrelated.size > 0) {
      groups.push(sortIds({ signer_id: signer, target: 'record', prev_event: null, event_ids: [...unrelated] }));
    }
  }
  return groups;
}

/**
 * For each event, the number of the nearest record in one direction: itself a neighbour, or reached through
 * neighbours that are no records. `sequence` has every event behind its neighbours.
 */
function nearest(sequence, numbers, neighbours, none, choose) {
  const found = new Map();
  for (const node of sequence) {
    let best = none;
    for (const id of neighbours(node)) best = choose(best, numbers.get(id) ?? found.get(id));
    found.set(node.id, best);
  }
  return found;
}

/** A function that gives the identifiers of the events that supersede an event. */
function supersededBy(order) {
  const by = new Map();
  for (const node of order) {
    for (const id of node.supersedes) {
      if (!by.has(id)) by.set(id, []);
      by.get(id).push(node.id);
    }
  }
  return (node) => by.get(node.id) ?? [];
}

function sortIds(group) {
  group.event_ids.sort(compareCodePoints);
  return group;
}

function compareGroups(a, b) {
  return compareCodePoints(a.signer_id, b.signer_id) || compareCodePoints(a.target, b.target)
    || comparePrevious(a.prev_event, b.prev_event) || compareLists(a.event_ids, b.event_ids);
}

function comparePrevious(a, b) {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return compareCodePoints(a, b);
}

function compareLists(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const result = compareCodePoints(a[i], b[i]);
    if (result !== 0) return result;
  }
  return a.length - b.length;
}

/** Step 7: the member `current`, the identifiers that it shows, and the event that it shows as the record. */
function inForce(applied, aliases) {
  const superseded = new Set(applied.flatMap((node) => node.supersedes));
  const current = mapOf({ canonical_record: null, source_aliases: aliases, record_created: null });
  const shown = new Set();
  for (const { list } of Object.values(FAMILIES)) {
    if (list !== null) current.set(list, []);
  }
  for (const node of applied) {
    const list = FAMILIES[node.event.event_type]?.list ?? null;
    if (list !== null && !superseded.has(node.id)) {
      current.get(list).push(shownEvent(node));
      shown.add(node.id);
    }
  }
  const node = firstRecord(applied, superseded);
  if (node !== null) {
    current.set('record_created', shownEvent(node));
    current.set('canonical_record', node.event.payload.get('canonical_record'));
    shown.add(node.id);
  }
  return { current, shown, record: node?.event ?? null };
}

/** Of the records in force the one with the first place; a record keeps the place of what it supersedes. */
function firstRecord(applied, superseded) {
  const places = new Map();
  let first = null;
  applied.forEach((node, index) => {
    if (!isRecord(node)) return;
    const earlier = node.supersedes.filter((id) => places.has(id)).map((id) => places.get(id));
    places.set(node.id, earlier.reduce((a, b) => Math.min(a, b), index));
    if (superseded.has(node.id)) return;
    if (first === null || places.get(node.id) < places.get(first.id)) first = node;
  });
  return first;
}

function shownEvent({ event, id }) {
  return mapOf({
    event_id: id,
    target: event.target,
    created_at: event.created_at,
    signer: event.signer.value,
    payload: event.payload,
  });
}
