import { randomUUID } from 'node:crypto';
import { describeSecretStore } from '../conformance/secret-store.ts';
import { openFake, openOn } from './kmip-bench.ts';
import type { FakeOptions } from './kmip-fake.ts';

/** Kinds of servers that the real one here is not. */
const SERVERS: Readonly<Record<string, Partial<FakeOptions>>> = {
  'of 2.1, with names that are unique': { versions: ['2.1'], uniqueNames: true, uid: randomUUID },
  'of 1.2, with identifiers in no order': { versions: ['1.2'], uid: randomUUID },
  'without opaque objects': { objectTypes: ['Symmetric Key', 'Secret Data'] },
};

for (const [what, options] of Object.entries(SERVERS)) {
  describeSecretStore(`kmip on a server ${what}`, async () => {
    const changes = { timeouts: { connect: 2, request: 5 } };
    const bench = await openFake(options, changes);
    const { server, store } = bench;
    const sibling = await openOn(server, { ...changes, name: 'sibling' });
    return {
      store,
      sibling,
      reopen: () => openOn(server, changes),
      close: async () => {
        await sibling.close();
        await bench.close();
      },
    };
  });
}
