import type { Persona, TestApp } from '../helpers/app.ts';
import { freshProject } from './wire.ts';

export const store = (name: string): object => ({
  name,
  kind: 'simple_crypto',
  master_keys: [{ id: 'test', key: Buffer.alloc(32, 7).toString('base64') }],
});
export const TWO = { stores: { default: 'software', configured: [store('software'), store('annexe')] } };

export const admin = (): Persona => ({ ...freshProject(), roles: ['admin'] });

interface Shown {
  readonly name: string;
  readonly secret_store_ref: string;
  readonly created: string;
}

export async function listed(app: TestApp): Promise<readonly Shown[]> {
  return (await app.request('GET', '/v1/secret-stores')).json?.['secret_stores'] as readonly Shown[];
}

export const pathOf = async (app: TestApp, name: string): Promise<string> =>
  new URL((await listed(app)).find((one) => one.name === name)?.secret_store_ref ?? '').pathname;
