/** The families of events: format 7.3 to 7.11 and the table in docs/merge.md. */

/** For each known `event_type` the target it must have, and the list of a state's `current` that shows it. */
export const FAMILIES = Object.freeze({
  __proto__: null,
  record_created: { target: 'record', list: null },
  graph_snapshot: { target: 'graph', list: 'graph_snapshots' },
  author_attestation: { target: 'author', list: 'author_attestations' },
  timestamp_anchor: { target: 'timestamp', list: 'timestamp_anchors' },
  storage_attestation: { target: 'storage', list: 'storage_attestations' },
  citation_signature: { target: 'citation', list: 'citation_signatures' },
  replication_record: { target: 'replication', list: 'replication_records' },
  correction: { target: 'record', list: 'corrections' },
  mirror_hint: { target: 'mirror', list: 'mirror_hints' },
});
