import { BadRequest } from '../../errors.ts';
import type { Secret } from '../../model/secret.ts';
import { requirePayload } from '../../operations/secrets/read-payload.ts';
import type { RawInput } from '../route.ts';

/** How a caller wants a payload. */
export interface PayloadWish {
  readonly accept: string | undefined;
  /** A session key was given to wrap the payload in, but not the transport key it is wrapped by itself. */
  readonly lacksTransportKey: boolean;
}

export function parsePayloadWish({ accept, query }: RawInput): PayloadWish {
  const wrapped = (query['trans_wrapped_session_key'] ?? '') !== '';
  return { accept, lacksTransportKey: wrapped && query['transport_key_id'] === undefined };
}

/** In this order, and before the type that is asked for is looked at. */
export function requireAnswerable(secret: Secret, wish: PayloadWish): void {
  requirePayload(secret);
  if (!wish.lacksTransportKey) return;
  throw new BadRequest(
    'Transport key wrapped session key has been provided to wrap secrets for retrieval, ' +
      'but the transport key id has not been provided.',
  );
}
