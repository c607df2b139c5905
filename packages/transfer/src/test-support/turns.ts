/** Lets everything that is ready to run, run. No time passes. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}
