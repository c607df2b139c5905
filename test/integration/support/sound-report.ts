import type { WriteReport } from '../../runtime/support/write-and-report.ts';

/** What comes of writing to a registry that can do everything. */
export const SOUND_REPORT: WriteReport = {
  blobs: { whole: true, chunks: true, empty: true, stream: true, resumed: true },
  resumedAt: 2_000_000,
  mounted: true,
  manifests: { v1: true, v2: true, digest: true },
  referrers: ['test/signature'],
  deletions: { tag: 'deleted', manifest: 'deleted', blob: 'deleted', 'blob again': 'NOT_FOUND' },
};
