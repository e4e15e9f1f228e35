#!/usr/bin/env python3
"""Brings a Vault server to the state the tests expect, over its own API.

  seed.py STATE SERVER URL up|seal|unseal|answers

SERVER is the program, which tests start as a server of their own to seal and to stop.

STATE holds the server's keys and what the tests may know, both readable by their owner alone.
"""
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

STATE, SERVER, URL, COMMAND = sys.argv[1:5]
TLS = os.path.join(STATE, 'tls')
KEYS = os.path.join(STATE, 'keys.json')
ACCESS = os.path.join(STATE, 'access.json')

# No `update`: a stolen token of the broker's cannot overwrite what is there.
POLICY = '\n'.join(
    'path "%s" { capabilities = [%s] }' % (path, ', '.join('"%s"' % one for one in allowed))
    for path, allowed in {
        'secret/data/postern/*': ('create', 'read'),
        'secret/metadata/postern/*': ('read', 'delete', 'list'),
        'secret/config': ('read',),
        'kv1/postern/*': ('create', 'read', 'delete', 'list'),
    }.items()
)


def call(method, path, body=None, token=None, accept=(200, 204)):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request('%s/v1/%s' % (URL, path), data=data, method=method)
    if token is not None:
        request.add_header('X-Vault-Token', token)
    context = ssl.create_default_context(cafile=os.path.join(TLS, 'ca.pem'))
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    if status not in accept:
        sys.exit('%s %s: %s %s' % (method, path, status, text.decode(errors='replace')))
    return status, json.loads(text or b'{}')


def write_private(path, content):
    draft = path + '.new'
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
        json.dump(content, file, indent=1)
    os.replace(draft, path)


def read(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def text_of(name):
    with open(os.path.join(TLS, name), encoding='utf-8') as file:
        return file.read()


def initialise():
    if call('GET', 'sys/init')[1]['initialized']:
        return
    made = call('PUT', 'sys/init', {'secret_shares': 1, 'secret_threshold': 1})[1]
    write_private(KEYS, {'unseal_key': made['keys_base64'][0], 'root_token': made['root_token']})


def unseal():
    call('PUT', 'sys/unseal', {'key': read(KEYS)['unseal_key']})


def mount(root, kind, path, body):
    mounted = call('GET', 'sys/' + kind, token=root)[1]['data']
    if path + '/' not in mounted:
        call('POST', 'sys/%s/%s' % (kind, path), body, root)


def configure():
    root = read(KEYS)['root_token']
    mount(root, 'mounts', 'secret', {'type': 'kv', 'options': {'version': '2'}})
    mount(root, 'mounts', 'kv1', {'type': 'kv', 'options': {'version': '1'}})
    mount(root, 'auth', 'approle', {'type': 'approle'})
    mount(root, 'auth', 'cert', {'type': 'cert'})
    call('PUT', 'sys/policies/acl/postern', {'policy': POLICY}, root)
    role = {'token_policies': ['postern'], 'token_ttl': '1h', 'token_max_ttl': '24h'}
    call('POST', 'auth/approle/role/postern', role, root)
    call('POST', 'auth/cert/certs/postern', dict(role, certificate=text_of('ca.pem'), allowed_common_names=['postern']), root)
    role_id = call('GET', 'auth/approle/role/postern/role-id', token=root)[1]['data']['role_id']
    known = {'url': URL, 'tls': TLS, 'server': SERVER, 'role_id': role_id, 'secret_id': secret_id_of(root)}
    write_private(ACCESS, dict(known, **read(KEYS)))


def secret_id_of(root):
    """The one that was given out before, so that a second `up` takes nothing from tests that run."""
    if os.path.exists(ACCESS):
        return read(ACCESS)['secret_id']
    return call('POST', 'auth/approle/role/postern/secret-id', {}, root)[1]['data']['secret_id']


def up():
    initialise()
    unseal()
    configure()


def seal():
    call('PUT', 'sys/seal', {}, read(KEYS)['root_token'])


def answers():
    call('GET', 'sys/health', accept=(200, 429, 501, 503))


{'up': up, 'seal': seal, 'unseal': unseal, 'answers': answers}[COMMAND]()
