import { readIdentifier } from '../../src/ttlv/answers.ts';
import { STATE, type State } from '../../src/ttlv/enums.ts';
import { activateRequest } from '../../src/ttlv/requests.ts';
import { nameOf } from '../../src/ttlv/table.ts';
import { TAG } from '../../src/ttlv/tags.ts';
import { optional } from '../../src/ttlv/ttlv.ts';
import { attributesOf } from './find.ts';
import type { Link } from './links.ts';
import { does } from './profile.ts';

/** Of an object's life. `none`: an object without a life cycle, as opaque objects are on some servers. */
export async function stateOf(link: Link, uid: string): Promise<State | 'none' | 'gone'> {
  const attributes = await attributesOf(link, uid, ['State']);
  if (attributes === undefined) return 'gone';
  const code = optional(attributes, TAG.State, 'enumeration')?.value;
  return (code === undefined ? undefined : nameOf(STATE, code)) ?? 'none';
}

/** Makes a new object active, if it is one that can be. */
export async function activateObject(link: Link, uid: string): Promise<void> {
  if (!does(link.profile, 'Activate') || (await stateOf(link, uid)) !== 'Pre-Active') return;
  await link.ask(activateRequest(uid), readIdentifier);
}
