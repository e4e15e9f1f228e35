import { createPrivateKey } from 'node:crypto';
import { IntegrityError } from '../../src/errors.ts';
import { Payload } from '../../src/model/payload.ts';
import type { RecoveredKey } from './retrieve.ts';

/** What was archived is bytes; of a pair that the KRA made, the private half comes as PKCS#8, DER, and leaves as PEM. */
export function payloadOf({ type, bytes }: RecoveredKey): Payload {
  if (type !== 'asymmetricKey') return Payload.own(bytes);
  try {
    const key = createPrivateKey({ key: bytes, type: 'pkcs8', format: 'der' });
    // Node gives PEM as a text, which stays in memory until it is collected; this copy of it need not.
    const pem = Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
    const payload = Payload.copy(pem);
    pem.fill(0);
    return payload;
  } catch (cause) {
    throw new IntegrityError('', { detail: 'the KRA gave a private key that is no PKCS#8', cause });
  } finally {
    bytes.fill(0);
  }
}
