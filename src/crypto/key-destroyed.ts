import { InternalError } from '../errors.ts';

/** The KEK was destroyed on purpose: its payloads are erased for good. No fault of the bytes, and no use in a retry. */
export class KeyDestroyed extends InternalError {}
