import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';
import type { Bytes } from '@stowage/types';

/** Who holds a lock, as written into its file. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** Where the pid counts: two containers of one host name may have the same pids. Empty where it cannot be told. */
  readonly pidNamespace: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** No two holds have the same. */
  readonly token: string;
}

/** This process as the holder of a lock. */
export function thisHolder(token: string, startedAt: number): LockHolder {
  return { pid: process.pid, host: hostname(), pidNamespace: pidNamespace(), startedAt, token };
}

/** Reads a lock's file; `undefined` when it is none, as after a crash of the machine. */
export function parseHolder(bytes: Bytes): LockHolder | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>> | null;
    const { pid, host, pidNamespace: namespace, startedAt, token } = value ?? {};
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    if (typeof host !== 'string' || typeof namespace !== 'string') return undefined;
    if (typeof startedAt !== 'number' || typeof token !== 'string') return undefined;
    return { pid, host, pidNamespace: namespace, startedAt, token };
  } catch {
    return undefined;
  }
}

/** Whether a holder is certainly gone. One of another host or pid namespace is never certain. */
export function isDead(holder: LockHolder): boolean {
  if (holder.host !== hostname() || holder.pidNamespace !== pidNamespace()) return false;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as { code?: unknown }).code === 'ESRCH';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
