import { describeScripts } from './python-flows.ts';

describeScripts('python applications that order keys', {
  barbican_orders_flow: {
    users: { OS: 'creator-a', FOREIGN: 'creator-b', ADMIN: 'admin-a' },
    flows: [
      'key',
      'expiring_key',
      'pair',
      'locked_pair',
      'failed',
      'refused',
      'listing',
      'deletion',
      'foreign',
    ],
  },
  castellan_orders_flow: {
    users: { OS: 'creator-b', FOREIGN: 'creator-a', ADMIN: 'admin-b' },
    flows: ['key', 'expiring_key', 'clone', 'key_pair', 'failed'],
    // Debian's leaves behind what it needed only on the way.
    newest: ['forgotten', 'unpacked'],
  },
  sdk_orders_flow: {
    users: { OS: 'creator-a', FOREIGN: 'creator-b', ADMIN: 'admin-a' },
    flows: ['key', 'pair', 'listing', 'deletion', 'nothing'],
  },
});
