import type { KekId } from './ids.ts';

/** A payload sealed for our own database: bytes in the KBP1 layout and the key that opens them. */
export interface SealedPayload {
  readonly kekId: KekId;
  readonly blob: Buffer;
}
