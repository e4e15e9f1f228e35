"""Keys that the key manager makes for castellan's users: a volume's key in Cinder is one of these."""

from barbicanclient import client
from castellan.common import exception
from castellan.common.objects import private_key, public_key, symmetric_key
from cryptography.hazmat.primitives import serialization

from castellan_flow import connect, context
from flows import equal, keystone_session, raised, run, unique


def key():
    manager, who = connect(), context()
    name = unique("key")
    ref = manager.create_key(who, algorithm="AES", length=256, name=name)
    found = manager.get(who, ref)
    equal(type(found), symmetric_key.SymmetricKey)
    equal((found.algorithm, found.bit_length, found.name, found.format), ("AES", 256, name, "RAW"))
    equal(len(found.get_encoded()), 32)
    equal(ref in [each.id for each in manager.list(who, object_type=symmetric_key.SymmetricKey)], True)
    manager.delete(who, ref)
    raised(exception.ManagedObjectNotFoundError, manager.get, who, ref)


def expiring_key():
    manager, who = connect(), context()
    ref = manager.create_key(who, algorithm="AES", length=128, expiration="2040-02-28T19:14:44")
    barbican = client.Client(session=keystone_session())
    equal(barbican.secrets.get(f"{barbican_url()}/secrets/{ref}").expiration.isoformat(), "2040-02-28T19:14:44+00:00")
    manager.delete(who, ref)


def barbican_url():
    return keystone_session().get_endpoint(service_type="key-manager").rstrip("/") + "/v1"


def clone():
    """As Cinder does for a volume made from another."""
    manager, who = connect(), context()
    original = manager.get(who, manager.create_key(who, algorithm="aes", length=256))
    copy = manager.get(who, manager.store(who, original))
    equal(copy.get_encoded(), original.get_encoded())
    equal(copy.id == original.id, False)
    for each in (original, copy):
        manager.delete(who, each.id)


def key_pair():
    manager, who = connect(), context()
    name = unique("pair")
    refs = manager.create_key_pair(who, algorithm="RSA", length=2048, name=name)
    private, public = (manager.get(who, ref) for ref in refs)
    equal((type(private), type(public)), (private_key.PrivateKey, public_key.PublicKey))
    equal((private.name, private.bit_length, private.algorithm), (name, 2048, "RSA"))
    opened = serialization.load_der_private_key(private.get_encoded(), None)
    matching = serialization.load_der_public_key(public.get_encoded())
    equal(opened.public_key().public_numbers(), matching.public_numbers())
    for ref in refs:
        manager.delete(who, ref)


def failed():
    error = raised(exception.KeyManagerError, connect().create_key, context(), algorithm="bogus", length=256)
    equal("Secret generate supported plugin not found" in str(error), True)
    raised(exception.KeyManagerError, connect().create_key, context(), algorithm="AES", length=9)
    raised(exception.KeyManagerError, connect().create_key_pair, context(), algorithm="AES", length=256)


def forgotten():
    """An admin's orders are deleted once they are worked; anybody else's stay, as the rules have it."""
    for prefix, left in (("ADMIN", 0), ("OS", 1)):
        barbican = client.Client(session=keystone_session(prefix))
        before = len(barbican.orders.list(limit=100))
        connect().delete(context(prefix), connect().create_key(context(prefix), algorithm="AES", length=256))
        equal(len(barbican.orders.list(limit=100)), before + left)


def unpacked():
    """It deletes the container that a pair came in, and keeps the keys."""
    manager, who = connect(), context()
    barbican = client.Client(session=keystone_session())
    before = [container.container_ref for container in barbican.containers.list(limit=100)]
    private, public = manager.create_key_pair(who, algorithm="RSA", length=2048)
    equal([container.container_ref for container in barbican.containers.list(limit=100)], before)
    equal({manager.get(who, ref).bit_length for ref in (private, public)}, {2048})


if __name__ == "__main__":
    run(
        {
            "key": key,
            "expiring_key": expiring_key,
            "clone": clone,
            "key_pair": key_pair,
            "failed": failed,
            "forgotten": forgotten,
            "unpacked": unpacked,
        }
    )
