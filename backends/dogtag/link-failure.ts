import { StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';
import { linkTrouble } from '../../src/stores/link-trouble.ts';

/** What Node says of a handshake that OpenSSL gave up. */
const OWN_WORDS = { distrust: { EPROTO: 'it does not speak TLS on that port' } };

/** An error of a socket or of TLS in our terms, by its code. `place`: which server of which store. */
export function linkFailure(place: string, cause: unknown): StoreUnavailable {
  const { detail, isLasting } = linkTrouble(place, cause, OWN_WORDS);
  return isLasting ? new StoreMisconfigured(detail, { cause }) : new StoreUnavailable(detail, { cause });
}
