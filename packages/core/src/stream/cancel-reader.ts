/** Cancels; a stream that failed has nothing left to free, and its error was thrown by the read. */
export async function cancelReader(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  reason: unknown,
): Promise<void> {
  await reader.cancel(reason).catch(() => undefined);
}
