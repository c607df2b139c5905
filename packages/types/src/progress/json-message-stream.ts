import { StowageError } from '../error/errors.ts';
import { parseJsonMessage } from './json-message.ts';
import type { JsonMessage } from './json-message.ts';

/** What a stream of messages may hold. */
export interface JsonMessageLimits {
  /** The most characters of one message. Default 1 Mi. */
  readonly maxLength?: number | undefined;
  /** How deep objects and arrays may be nested. Default 100. */
  readonly maxDepth?: number | undefined;
}

/** Takes a JSON stream apart as its text arrives. */
export interface JsonMessageDecoder {
  /**
   * Takes more text, cut anywhere, and answers the messages that it completes. `INVALID_ARGUMENT`, `LIMIT_EXCEEDED`;
   * messages before what is wrong are answered first, and the next call throws. The decoder is spent then.
   */
  write(text: string): JsonMessage[];
  /** Ends the stream. `INVALID_ARGUMENT` when a message was begun and not ended. */
  end(): void;
}

const DEFAULT_MAX_LENGTH = 1024 * 1024;
const DEFAULT_MAX_DEPTH = 100;

/**
 * Makes a decoder for docker's JSON stream: objects one after another, with any white space, or none, between them.
 *
 * @param limits on single messages; the decoder keeps no more than one
 *
 * @example
 * ```ts
 * import { createJsonMessageDecoder } from '@stowage/types';
 *
 * const decoder = createJsonMessageDecoder();
 * console.log(decoder.write('{"status":"a"}\r\n{"sta').length); // 1
 * console.log(decoder.write('tus":"b"}')[0]?.status); // b
 * decoder.end();
 * ```
 */
export function createJsonMessageDecoder(limits: JsonMessageLimits = {}): JsonMessageDecoder {
  return new Decoder(limits);
}

/**
 * A stage that turns the text of docker's JSON stream into messages; bytes pass a `TextDecoderStream` first. It fails
 * with `INVALID_ARGUMENT` on what is not a message, and with `LIMIT_EXCEEDED`.
 *
 * @param limits on single messages
 *
 * @example
 * ```ts
 * import { decodeJsonMessages } from '@stowage/types';
 *
 * const body = new Response('{"status":"Pull complete","id":"a"}\r\n').body;
 * const messages = body?.pipeThrough(new TextDecoderStream()).pipeThrough(decodeJsonMessages());
 * console.log((await messages?.getReader().read())?.value?.status); // Pull complete
 * ```
 */
export function decodeJsonMessages(limits: JsonMessageLimits = {}): TransformStream<string, JsonMessage> {
  const decoder = new Decoder(limits);
  return new TransformStream({
    transform(text, controller): void {
      for (const message of decoder.write(text)) controller.enqueue(message);
    },
    flush(): void {
      decoder.end();
    },
  });
}

class Decoder implements JsonMessageDecoder {
  readonly #maxLength: number;
  readonly #maxDepth: number;
  /** What has come of the message under way, from earlier texts. */
  #parts: string[] = [];
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #failure: StowageError | undefined;

  constructor({ maxLength = DEFAULT_MAX_LENGTH, maxDepth = DEFAULT_MAX_DEPTH }: JsonMessageLimits) {
    this.#maxLength = maxLength;
    this.#maxDepth = maxDepth;
  }

  write(text: string): JsonMessage[] {
    if (this.#failure !== undefined) throw this.#failure;
    const messages: JsonMessage[] = [];
    try {
      this.#take(text, messages);
    } catch (error) {
      this.#failure = error as StowageError;
      this.#parts = [];
      if (messages.length === 0) throw error;
    }
    return messages;
  }

  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#depth > 0) throw invalid('it ends within a message');
  }

  #take(text: string, messages: JsonMessage[]): void {
    let begin = 0;
    for (let index = 0; index < text.length; index += 1) {
      const character = text.charAt(index);
      if (this.#depth === 0) {
        if (isBlank(character)) continue;
        if (character !== '{') throw invalid(`unexpected ${JSON.stringify(character)} between messages`);
        begin = index;
        this.#depth = 1;
      } else if (this.#step(character)) {
        this.#keep(text.slice(begin, index + 1));
        messages.push(parseJsonMessage(this.#parts.join('')));
        this.#parts = [];
        this.#length = 0;
      }
    }
    if (this.#depth > 0) this.#keep(text.slice(begin));
  }

  /** Goes over one character of a message; true where the message ends with it. */
  #step(character: string): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === '\\') this.#escaped = true;
      else if (character === '"') this.#inString = false;
      return false;
    }
    if (character === '"') this.#inString = true;
    else if (character === '{' || character === '[') this.#deeper();
    else if (character === '}' || character === ']') this.#depth -= 1;
    return this.#depth === 0;
  }

  #deeper(): void {
    this.#depth += 1;
    if (this.#depth > this.#maxDepth) {
      throw new StowageError('LIMIT_EXCEEDED', `JSON stream: nested deeper than ${this.#maxDepth} levels`);
    }
  }

  #keep(part: string): void {
    this.#length += part.length;
    if (this.#length > this.#maxLength) {
      throw new StowageError(
        'LIMIT_EXCEEDED',
        `JSON stream: a message of more than ${this.#maxLength} characters`,
      );
    }
    if (part !== '') this.#parts.push(part);
  }
}

function isBlank(character: string): boolean {
  return character === '\n' || character === '\r' || character === ' ' || character === '\t';
}

function invalid(what: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', `invalid JSON stream: ${what}`);
}
