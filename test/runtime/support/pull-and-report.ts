import { openStowage } from 'stowage';

/** What a runtime found out about an image: everything that must be the same in all of them. */
export interface PullReport {
  readonly digest: string;
  readonly imageId: string;
  readonly diffIds: readonly string[];
  readonly paths: readonly string[];
  /** The text of one file. */
  readonly text: string;
  /** What the second pull answered. */
  readonly again: string;
}

/** Pulls an image into memory, reads it, and pulls it again. Runs the same everywhere. */
export async function pullAndReport(reference: string, file: string): Promise<PullReport> {
  const stowage = await openStowage();
  try {
    const { digest, imageId, layers } = await stowage.pull(reference, { platform: 'linux/amd64' });
    const view = await stowage.view(reference);
    const text = await new Response(await view.readFile(file)).text();
    const paths = [...view.walk()].map(({ path }) => path);
    await view.close();
    const again = await stowage.pull(reference, { platform: 'linux/amd64' });
    return {
      digest,
      imageId,
      diffIds: layers.map(({ diffId = '' }) => diffId),
      paths,
      text,
      again: again.status,
    };
  } finally {
    await stowage.close();
  }
}
