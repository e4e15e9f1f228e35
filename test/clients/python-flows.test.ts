import { describeScripts } from './python-flows.ts';

describeScripts('python applications', {
  barbican_flow: {
    users: { OS: 'creator-a', FOREIGN: 'creator-b' },
    flows: [
      'text',
      'binary',
      'two_step_text',
      'two_step_binary',
      'fields',
      'expiration',
      'expires',
      'listing',
      'deletion',
      'errors',
      'bad_token',
      'foreign',
    ],
    newest: ['metadata', 'consumers', 'consumers_guard'],
  },
  barbican_containers_flow: {
    users: { OS: 'creator-a', FOREIGN: 'creator-b' },
    flows: [
      'generic',
      'stores_what_is_not_stored',
      'rsa',
      'certificate',
      'refused',
      'listing',
      'deletion',
      'loses_a_deleted_secret',
      'consumers',
      'foreign',
    ],
  },
  barbican_acls_flow: {
    users: { OS: 'creator-a', FOREIGN: 'nobody-b', PEER: 'creator2-a' },
    flows: ['nothing_set', 'secret', 'container', 'private', 'replaces', 'adds', 'removes', 'refused'],
  },
  // Castellan reads whatever its list brings, and dies of a public key that is none: it needs a project for itself.
  castellan_flow: {
    users: { OS: 'creator-b', FOREIGN: 'creator-a' },
    flows: ['symmetric', 'phrase', 'opaque', 'certificate', 'rsa_pair', 'listing', 'missing', 'foreign'],
    newest: ['consumers', 'consumers_guard'],
  },
  sdk_flow: {
    users: { OS: 'writer-a', FOREIGN: 'writer-b', OPERATOR: 'service-admin-a', ADMIN: 'admin-a' },
    flows: ['text', 'listing', 'pages', 'nothing', 'containers', 'foreign'],
    newest: [
      'binary',
      'consumers',
      'stores',
      'effective_quota',
      'project_quotas',
      'secret_acl',
      'container_acl',
    ],
  },
});
