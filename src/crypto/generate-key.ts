import { randomFill } from 'node:crypto';
import { promisify } from 'node:util';
import { Payload } from '../model/payload.ts';

const fill = promisify<Buffer, Buffer>(randomFill);

/** Random bytes for a symmetric key, in memory of their own, so that wiping them wipes them all. No DES parity is set. */
export async function generateKey(bits: number): Promise<Payload> {
  return Payload.own(await fill(Buffer.allocUnsafeSlow(bits / 8)));
}
