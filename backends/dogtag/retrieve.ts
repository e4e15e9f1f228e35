import { Conflict, IntegrityError, StoreRejected } from '../../src/errors.ts';
import type { KeyId } from './key-record.ts';
import type { KraDeps } from './kra.ts';
import { refusal, saysAbsent, ServerFault } from './refusal.ts';
import { requestBody } from './request-body.ts';
import type { Rest, RestAnswer } from './rest.ts';
import { AES_128_CBC_OID, AES_CBC_NAME, newRecoveryKey, type RecoveryKey } from './session-key.ts';

export interface RecoveredKey {
  /** `passPhrase`, `symmetricKey` or `asymmetricKey`; what a pair's private half comes as is PKCS#8, DER. */
  readonly type: string;
  /** The caller's to wipe. */
  readonly bytes: Buffer;
}

/** Under a transport certificate that was replaced, the KRA reads another session key than ours, or none. */
export async function retrieve(deps: KraDeps, id: KeyId): Promise<RecoveredKey | undefined> {
  try {
    return await recover(deps, id);
  } catch (error) {
    const mayBeStale = error instanceof ServerFault || error instanceof IntegrityError;
    if (!mayBeStale || !(await deps.transport.refresh())) throw error;
    return recover(deps, id);
  }
}

async function recover(deps: KraDeps, id: KeyId): Promise<RecoveredKey | undefined> {
  const key = newRecoveryKey(await deps.transport.current());
  try {
    const answer = await deps.session.call({
      method: 'POST',
      path: `${deps.subsystem}/agent/keys/retrieve`,
      body: requestBody('KeyRecoveryRequest', {
        keyId: id,
        transWrappedSessionKey: key.wrappedKey,
        payloadEncryptionOID: AES_128_CBC_OID,
        payloadWrappingName: AES_CBC_NAME,
      }),
    });
    if (saysAbsent(answer)) return undefined;
    if (answer.status !== 200) throw refusal(deps.rest.place, 'the retrieval of a key', answer);
    return openAnswer(deps.rest, key, answer);
  } finally {
    key.wipe();
  }
}

function openAnswer({ place }: Rest, key: RecoveryKey, { json }: RestAnswer): RecoveredKey {
  const { wrappedPrivateData, nonceData, requestID, type } = json ?? {};
  if (typeof wrappedPrivateData === 'string' && typeof nonceData === 'string')
    return { type: typeof type === 'string' ? type : '', bytes: key.open(wrappedPrivateData, nonceData) };
  if (typeof requestID === 'string' || typeof requestID === 'number')
    throw new Conflict('The payload is given out once other agents have approved it.', {
      detail: `${place} wants recovery request ${requestID} approved by more agents (kra.noOfRequiredSecurityDataRecoveryAgents)`,
    });
  throw new StoreRejected(`${place} answered the retrieval of a key without any`);
}
