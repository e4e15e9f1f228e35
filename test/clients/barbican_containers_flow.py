"""Containers as an application of python-barbicanclient uses them."""

from barbicanclient import client
from barbicanclient import exceptions

from flows import equal, keystone_session, raised, run, unique

LOAD_BALANCER = ("octavia", "http://octavia.example/v2/lbaas/loadbalancers/1")
CDN = ("poppy", "http://poppy.example/services/2")


def connect(prefix="OS"):
    return client.Client(session=keystone_session(prefix))


def stored(barbican, payload, **fields):
    secret = barbican.secrets.create(name=unique("member"), payload=payload, **fields)
    secret.store()
    return secret


def payloads(container):
    return {name: secret.payload for name, secret in container.secrets.items()}


def generic():
    barbican = connect()
    members = {"first": stored(barbican, "one"), "second": stored(barbican, "two")}
    name = unique("generic")
    ref = barbican.containers.create(name=name, secrets=members).store()
    found = barbican.containers.get(ref)
    equal((found.container_ref, found.name, found.status), (ref, name, "ACTIVE"))
    equal(found.secret_refs, {key: secret.secret_ref for key, secret in members.items()})
    equal(payloads(found), {"first": "one", "second": "two"})
    equal(found.consumers, [])
    equal((found.created is not None, found.updated is not None), (True, True))


def stores_what_is_not_stored():
    """The client stores the members that are new, then the container."""
    barbican = connect()
    new = barbican.secrets.create(name=unique("new"), payload="came along")
    ref = barbican.containers.create(name=unique("generic"), secrets={"new": new}).store()
    equal(payloads(barbican.containers.get(ref)), {"new": "came along"})


def rsa():
    barbican = connect()
    words = {"private_key": b"private", "public_key": b"public", "private_key_passphrase": b"phrase"}
    container = barbican.containers.create_rsa(
        name=unique("rsa"), **{name: stored(barbican, word) for name, word in words.items()}
    )
    found = barbican.containers.get(container.store())
    equal(found.private_key.payload, b"private")
    equal(found.public_key.payload, b"public")
    equal(found.private_key_passphrase.payload, b"phrase")


def certificate():
    barbican = connect()
    words = {"certificate": b"certificate", "private_key": b"private", "intermediates": b"intermediates"}
    container = barbican.containers.create_certificate(
        name=unique("certificate"), **{name: stored(barbican, word) for name, word in words.items()}
    )
    found = barbican.containers.get(container.store())
    equal(found.certificate.payload, b"certificate")
    equal(found.private_key.payload, b"private")
    equal(found.intermediates.payload, b"intermediates")
    equal(found.private_key_passphrase, None)


def refused():
    barbican = connect()
    lonely = barbican.containers.create_rsa(name=unique("rsa"), public_key=stored(barbican, b"public"))
    error = raised(exceptions.HTTPClientError, lonely.store)
    equal((error.status_code, "minimum required reference names" in str(error)), (400, True))
    secret = stored(barbican, "x")
    twice = barbican.containers.create(name=unique("twice"), secrets={"one": secret, "two": secret})
    error = raised(exceptions.HTTPClientError, twice.store)
    equal((error.status_code, "Duplicate secret ids" in str(error)), (400, True))
    barbican.secrets.delete(secret.secret_ref)
    late = barbican.containers.create(name=unique("late"), secrets={"one": secret})
    equal(raised(exceptions.HTTPClientError, late.store).status_code, 404)


def listing():
    barbican = connect()
    shared = unique("listed")
    refs = [
        barbican.containers.create(name=shared, secrets={"one": stored(barbican, "x")}).store(),
        barbican.containers.create_certificate(name=shared, certificate=stored(barbican, b"x")).store(),
        barbican.containers.create(name=shared).store(),
    ]

    def found(**filters):
        return [container.container_ref for container in barbican.containers.list(name=shared, **filters)]

    equal(found(), refs)
    equal(found(type="certificate"), [refs[1]])
    equal(found(type="generic"), [refs[0], refs[2]])
    equal(found(limit=2), refs[:2])
    equal(found(limit=2, offset=2), refs[2:])
    for ref in refs:
        barbican.containers.delete(ref)
    equal(found(), [])


def gone(barbican, ref):
    error = raised(exceptions.HTTPClientError, barbican.containers.get, ref)
    equal((error.status_code, "Secrets container not found." in str(error)), (404, True))


def deletion():
    barbican = connect()
    secret = stored(barbican, "stays")
    ref = barbican.containers.create(name=unique("doomed"), secrets={"one": secret}).store()
    barbican.containers.delete(ref)
    gone(barbican, ref)
    equal(raised(exceptions.HTTPClientError, barbican.containers.delete, ref).status_code, 404)
    equal(barbican.secrets.get(secret.secret_ref).payload, "stays")


def loses_a_deleted_secret():
    barbican = connect()
    members = {"kept": stored(barbican, "x"), "lost": stored(barbican, "y")}
    ref = barbican.containers.create(name=unique("generic"), secrets=members).store()
    barbican.secrets.delete(members["lost"].secret_ref)
    equal(payloads(barbican.containers.get(ref)), {"kept": "x"})


def consumers():
    barbican = connect()
    ref = barbican.containers.create(name=unique("used"), secrets={"one": stored(barbican, "x")}).store()
    equal(barbican.containers.register_consumer(ref, *LOAD_BALANCER).container_ref, ref)
    barbican.containers.register_consumer(ref, *CDN)
    # Once more changes nothing.
    found = barbican.containers.register_consumer(ref, *LOAD_BALANCER)
    named = [{"name": name, "URL": url} for name, url in (LOAD_BALANCER, CDN)]
    equal(found.consumers, named)
    equal(barbican.containers.get(ref).consumers, named)
    barbican.containers.remove_consumer(ref, *LOAD_BALANCER)
    equal(barbican.containers.get(ref).consumers, named[1:])
    again = raised(exceptions.HTTPClientError, barbican.containers.remove_consumer, ref, *LOAD_BALANCER)
    equal((again.status_code, "Consumer not found." in str(again)), (404, True))


def foreign():
    ref = connect().containers.create(name=unique("mine"), secrets={"one": stored(connect(), "x")}).store()
    other = connect("FOREIGN")
    for attempt in (
        lambda: other.containers.get(ref),
        lambda: other.containers.delete(ref),
        lambda: other.containers.register_consumer(ref, *CDN),
    ):
        equal(raised(exceptions.HTTPClientError, attempt).status_code, 403)
    equal(ref in [container.container_ref for container in other.containers.list(limit=100)], False)
    equal(connect().containers.get(ref).consumers, [])


if __name__ == "__main__":
    run(
        {
            "generic": generic,
            "stores_what_is_not_stored": stores_what_is_not_stored,
            "rsa": rsa,
            "certificate": certificate,
            "refused": refused,
            "listing": listing,
            "deletion": deletion,
            "loses_a_deleted_secret": loses_a_deleted_secret,
            "consumers": consumers,
            "foreign": foreign,
        }
    )
