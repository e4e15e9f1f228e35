import { StoreRejected } from '../../src/errors.ts';
import { idInUrl, type KeyId } from './key-record.ts';
import type { KraDeps } from './kra.ts';
import { refusal, saysBadRequest } from './refusal.ts';
import { requestBody } from './request-body.ts';
import type { Rest, RestAnswer } from './rest.ts';
import { AES_128_CBC_OID, sealForTransport } from './session-key.ts';

export interface GenerationRequest {
  readonly className: 'SymKeyGenerationRequest' | 'AsymKeyGenerationRequest';
  readonly algorithm: string;
  readonly bits: number;
  readonly usage: string;
}

/** A transport certificate that was replaced shows as a request that seems to succeed and keeps nothing. */
export async function archive(deps: KraDeps, clientKeyId: string, bytes: Buffer): Promise<KeyId | undefined> {
  const attempt = async (): Promise<RestAnswer> => {
    const { wrappedKey, iv, sealed } = sealForTransport(await deps.transport.current(), bytes);
    return deps.session.call({
      method: 'POST',
      path: `${deps.subsystem}/agent/keyrequests`,
      body: requestBody('KeyArchivalRequest', {
        clientKeyID: clientKeyId,
        // The one type that gives back any bytes, none included; the others are taken for keys, and checked.
        dataType: 'passPhrase',
        algorithmOID: AES_128_CBC_OID,
        symmetricAlgorithmParams: iv,
        transWrappedSessionKey: wrappedKey,
        wrappedPrivateData: sealed,
      }),
    });
  };
  const first = await attempt();
  const isLost = first.status === 201 && keyUrlIn(first) === undefined;
  return createdKey(deps.rest, isLost && (await deps.transport.refresh()) ? await attempt() : first);
}

export async function generate(
  deps: KraDeps,
  clientKeyId: string,
  request: GenerationRequest,
): Promise<KeyId | undefined> {
  const answer = await deps.session.call({
    method: 'POST',
    path: `${deps.subsystem}/agent/keyrequests`,
    within: deps.generateWithin,
    body: requestBody(request.className, {
      clientKeyID: clientKeyId,
      keyAlgorithm: request.algorithm,
      keySize: String(request.bits),
      keyUsage: request.usage,
    }),
  });
  return createdKey(deps.rest, answer);
}

/** Success is a key that has an address. Dogtag 10 says 201 and "complete" of much that it did not do. */
function createdKey(rest: Rest, answer: RestAnswer): KeyId | undefined {
  if (saysBadRequest(answer)) return undefined;
  if (answer.status < 200 || answer.status > 299)
    throw refusal(rest.place, 'a request for a new key', answer);
  const url = keyUrlIn(answer);
  const id = url === undefined ? undefined : idInUrl(url);
  if (id === undefined)
    throw new StoreRejected(
      `${rest.place} says that a request for a new key is done, and names no key: see its debug log; session_key_wrap may not be what its CS.cfg says`,
    );
  return id;
}

function keyUrlIn({ json }: RestAnswer): string | undefined {
  const request = json?.['RequestInfo'] as { keyURL?: unknown } | null | undefined;
  return typeof request?.keyURL === 'string' ? request.keyURL : undefined;
}
