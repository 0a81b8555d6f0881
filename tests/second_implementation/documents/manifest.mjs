/** The manifest of a mirror: format 12.2. */
import { Report } from './findings.mjs';
import { instant, objects, shape, text } from './shapes.mjs';

const PLACE = '{suffix}';

/** Read a manifest. */
export const readManifest = shape({
  generated_at: instant,
  mirrors: objects(
    shape({
      name: text,
      mirror_type: text,
      base_url: text,
      bundle_pattern: text,
      state_pattern: text,
      well_known_pattern: text,
      public_key: text,
      status: text,
    }),
  ),
  notes: text,
  merge_version: text,
  manifest_type: text,
  manifest_version: text,
});

/**
 * Verify a manifest.
 *
 * @param {object} manifest
 * @returns {Report}
 */
export function verifyManifest(manifest) {
  const report = new Report('self-consistent');
  const check = (holds, member) => report.check(holds, 'manifest', `$.${member}`);
  check(manifest.manifest_type === 'pith_mirror_manifest', 'manifest_type');
  check(manifest.manifest_version === '1.0', 'manifest_version');
  check(manifest.merge_version === 'pith-open-graph-merge-v1', 'merge_version');
  manifest.mirrors.forEach((mirror, index) => {
    for (const member of ['bundle_pattern', 'state_pattern', 'well_known_pattern']) {
      const pattern = mirror[member];
      const fits = pattern.startsWith(`${mirror.base_url}/`) && pattern.split(PLACE).length === 2;
      check(fits, `mirrors[${index}].${member}`);
    }
  });
  return report;
}
