import type { RegistryError } from '@stowage/types';
import type { Answer } from '../transport/answer.ts';
import { discard } from '../transport/body.ts';
import type { Requester } from './requester.ts';
import { responseError } from '../transport/response-error.ts';
import { isRetryableStatus, retryAfter, TryAgain, withRetries } from '../transport/retry.ts';
import type { RetryDeps } from '../transport/retry.ts';
import type { SessionRequest } from './session.ts';
import type { Transport } from '../transport/transport.ts';

/** What an anonymous session is made of. */
export interface AnonymousSessionInit extends RetryDeps {
  readonly transport: Transport;
}

/** Requests that say nothing of who sends them, retried where that can help. A 401 is an answer like any other. */
export class AnonymousSession implements Requester {
  readonly #init: AnonymousSessionInit;

  constructor(init: AnonymousSessionInit) {
    this.#init = init;
  }

  async exchange<T>(request: SessionRequest, read: (answer: Answer) => Promise<T>): Promise<T> {
    const { transport, clock } = this.#init;
    const { signal, retryStatus = isRetryableStatus } = request;
    return await withRetries(
      this.#init,
      async (mayWait) => {
        const answer = await transport.send(request);
        const { status, headers } = answer.response;
        const delay = retryAfter(headers.get('retry-after'), clock.now());
        if (!retryStatus(status) || !mayWait(delay)) return await read(answer);
        await discard(answer, signal);
        return new TryAgain(delay);
      },
      { signal, replayable: request.once !== true },
    );
  }

  async failure(answer: Answer, signal: AbortSignal | undefined): Promise<RegistryError> {
    return await responseError(answer, { signal });
  }
}
