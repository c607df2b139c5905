import { BLOCK_SIZE, ERROR_MEMORY } from '../zstd-engine.ts';

/** How much output there is room for, at least, besides the window, in bytes. */
const LEAST_ROOM: number = 512 * 1024;

/** The output, which follows its window without a gap, so that a match is one plain copy. */
export class OutputWindow {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the output goes on. */
  end = 0;
  windowSize = 0;

  /** Begins a frame whose offsets reach back `windowSize` bytes. */
  begin(windowSize: number): void {
    this.end = 0;
    this.windowSize = windowSize;
  }

  /** Makes room for a block: moves the window to the front, or grows. Answers 0 or {@link ERROR_MEMORY}. */
  makeRoom(): number {
    const need = this.end + BLOCK_SIZE;
    if (need <= this.bytes.length) return 0;
    const room = Math.max(LEAST_ROOM, this.windowSize <= 0x800000 ? this.windowSize : this.windowSize >> 1);
    if (this.end >= this.windowSize + room) {
      this.bytes.copyWithin(0, this.end - this.windowSize, this.end);
      this.end = this.windowSize;
      return 0;
    }
    const most = this.windowSize + room + BLOCK_SIZE;
    return this.#grow(Math.max(need, Math.min(this.bytes.length * 2, most))) || this.#grow(need)
      ? 0
      : ERROR_MEMORY;
  }

  #grow(length: number): boolean {
    try {
      const grown = new Uint8Array(length);
      grown.set(this.bytes.subarray(0, this.end));
      this.bytes = grown;
      return true;
    } catch {
      return false;
    }
  }
}
