"""python-barbicanclient as an application uses it."""

import datetime
import time

from barbicanclient import client
from barbicanclient import exceptions
from keystoneauth1 import session
from keystoneauth1 import token_endpoint

from flows import equal, keystone_session, raised, run, unique

ALL_BYTES = bytes(range(256))
UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"


def connect(prefix="OS"):
    return client.Client(session=keystone_session(prefix))


def text():
    barbican = connect()
    name = unique("text")
    payload = "the magic words are squeamish ossifrage \u00df \u4e2d \U0001f511"
    ref = barbican.secrets.create(name=name, payload=payload).store()
    found = barbican.secrets.get(ref)
    equal(found.name, name)
    equal(found.status, "ACTIVE")
    equal(found.secret_type, "opaque")
    equal(found.content_types, {"default": "text/plain"})
    equal(found.payload, payload)
    equal(found.secret_ref, ref)


def binary():
    barbican = connect()
    ref = barbican.secrets.create(name=unique("binary"), payload=ALL_BYTES).store()
    found = barbican.secrets.get(ref)
    equal(found.content_types, {"default": "application/octet-stream"})
    equal(found.payload, ALL_BYTES)


def two_step_text():
    barbican = connect()
    ref = barbican.secrets.create(name=unique("later")).store()
    empty = barbican.secrets.get(ref)
    equal(empty.content_types, None)
    equal(empty.payload, None)
    barbican.secrets.update(ref, "came later")
    found = barbican.secrets.get(ref)
    equal(found.content_types, {"default": "text/plain"})
    equal(found.payload, "came later")
    equal(found.updated >= found.created, True)
    again = raised(exceptions.HTTPClientError, barbican.secrets.update, ref, "too late")
    equal(again.status_code, 409)
    equal(barbican.secrets.get(ref).payload, "came later")


def two_step_binary():
    barbican = connect()
    secret = barbican.secrets.create(name=unique("later"), algorithm="aes", bit_length=2048)
    ref = secret.store()
    secret.payload = ALL_BYTES
    secret.update()
    equal(barbican.secrets.get(ref).payload, ALL_BYTES)


def fields():
    barbican = connect()
    for secret_type in ("opaque", "symmetric", "public", "private", "certificate", "passphrase"):
        sent = {"name": unique(secret_type), "algorithm": "AES", "bit_length": 192, "mode": "ctr"}
        ref = barbican.secrets.create(payload=b"0123456789", secret_type=secret_type, **sent).store()
        found = barbican.secrets.get(ref)
        equal({key: getattr(found, key) for key in sent}, sent)
        equal(found.secret_type, secret_type)
        equal(found.expiration, None)
        equal(abs(found.created - datetime.datetime.now(datetime.timezone.utc)).total_seconds() < 60, True)


def expiration():
    barbican = connect()
    ref = barbican.secrets.create(name=unique("old"), payload="x", expiration="2040-02-28T19:14:44.180394+05:00").store()
    expected = datetime.datetime(2040, 2, 28, 14, 14, 44, 180394, tzinfo=datetime.timezone.utc)
    equal(barbican.secrets.get(ref).expiration, expected)
    past = barbican.secrets.create(name=unique("past"), payload="x", expiration="2014-02-28T19:14:44")
    equal(raised(exceptions.HTTPClientError, past.store).status_code, 400)


def expires():
    barbican = connect()
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    ref = barbican.secrets.create(name=unique("short"), payload="x", expiration=soon.isoformat()).store()
    equal(barbican.secrets.get(ref).payload, "x")
    time.sleep(2.5)
    gone(barbican, ref)


def listing():
    barbican = connect()
    before = barbican.secrets.total()
    shared = unique("listed")
    refs = [
        barbican.secrets.create(name=shared, payload="x", algorithm="aes", bit_length=128, mode="cbc").store(),
        barbican.secrets.create(name=shared, payload="x", algorithm="aes", bit_length=256, mode="gcm").store(),
        barbican.secrets.create(name=shared, payload="x", algorithm="rsa", secret_type="private").store(),
    ]
    equal(barbican.secrets.total(), before + 3)

    def found(**filters):
        return [secret.secret_ref for secret in barbican.secrets.list(name=shared, **filters)]

    equal(sorted(found()), sorted(refs))
    equal(found(bits=256), [refs[1]])
    equal(found(mode="cbc"), [refs[0]])
    equal(found(algorithm="rsa"), [refs[2]])
    equal(found(secret_type="private"), [refs[2]])
    equal(found(sort="created:asc"), refs)
    equal(found(sort="created:desc"), refs[::-1])
    equal(found(sort="created:asc", limit=2), refs[:2])
    equal(found(sort="created:asc", limit=2, offset=2), refs[2:])
    equal(found(offset=3), [])
    equal([secret.name for secret in barbican.secrets.list(name=shared)], [shared] * 3)
    for ref in refs:
        barbican.secrets.delete(ref)
    equal(barbican.secrets.total(), before)
    equal(found(), [])


def gone(barbican, ref):
    error = raised(exceptions.HTTPClientError, lambda: barbican.secrets.get(ref).status)
    equal(error.status_code, 404)
    equal("Not Found" in str(error), True)


def deletion():
    barbican = connect()
    ref = barbican.secrets.create(name=unique("doomed"), payload="x").store()
    barbican.secrets.delete(ref)
    gone(barbican, ref)
    equal(raised(exceptions.HTTPClientError, barbican.secrets.delete, ref).status_code, 404)


def errors():
    barbican = connect()
    gone(barbican, UNKNOWN_ID)
    large = barbican.secrets.create(name=unique("large"), payload="x" * 20001)
    equal(raised(exceptions.HTTPClientError, large.store).status_code, 413)
    odd = barbican.secrets.create(name=unique("odd"), payload="x", secret_type="no such type")
    refused = raised(exceptions.HTTPClientError, odd.store)
    equal(refused.status_code, 400)
    equal("secret_type" in str(refused), True)


def bad_token():
    """401 must reach the caller as the class that makes it log in again."""
    endpoint = keystone_session().get_endpoint(service_type="key-manager")
    auth = token_endpoint.Token(endpoint, "no-such-token")
    barbican = client.Client(session=session.Session(auth=auth), endpoint=endpoint)
    raised(exceptions.HTTPAuthError, barbican.secrets.list)


def foreign():
    """A user of another project sees nothing of a secret, in any way there is."""
    ref = connect().secrets.create(name=unique("mine"), payload="x").store()
    other = connect("FOREIGN")
    for attempt in (
        lambda: other.secrets.get(ref).status,
        lambda: other.secrets.get(ref, "text/plain").payload,
        lambda: other.secrets.update(ref, "y"),
        lambda: other.secrets.delete(ref),
    ):
        equal(raised(exceptions.HTTPClientError, attempt).status_code, 403)
    equal(ref in [secret.secret_ref for secret in other.secrets.list(limit=100)], False)
    equal(connect().secrets.get(ref).payload, "x")


def metadata():
    secrets = connect().secrets
    ref = secrets.create(name=unique("described"), payload="x").store()
    equal(secrets.get_secret_metadata(ref), {"metadata": {}})
    secrets.set_secret_metadata(ref, {"geolocation": "12.3456, -98.7654", "dropped": "x"})
    equal(secrets.get_secret_metadata(ref, "geolocation"), {"key": "geolocation", "value": "12.3456, -98.7654"})
    secrets.delete_secret_metadata(ref, "dropped")
    equal(secrets.get_secret_metadata(ref), {"metadata": {"geolocation": "12.3456, -98.7654"}})
    dropped = raised(exceptions.HTTPClientError, secrets.get_secret_metadata, ref, "dropped")
    equal(dropped.status_code, 404)


IMAGE = {"service": "glance", "resource_type": "image", "resource_id": UNKNOWN_ID}
VOLUME = {"service": "cinder", "resource_type": "volume", "resource_id": UNKNOWN_ID}


def triples(consumers):
    return [{key: getattr(consumer, key) for key in IMAGE} for consumer in consumers]


def consumers():
    secrets = connect().secrets
    ref = secrets.create(name=unique("used"), payload="x").store()
    equal(secrets.list_consumers(ref), [])
    equal(secrets.register_consumer(ref, **IMAGE).secret_ref, ref)
    secrets.register_consumer(ref, **VOLUME)
    # Once more changes nothing: services register again after a crash.
    secrets.register_consumer(ref, **IMAGE)
    equal(triples(secrets.list_consumers(ref)), [IMAGE, VOLUME])
    equal(triples(secrets.list_consumers(ref, limit=1, offset=1)), [VOLUME])
    equal([consumer.status for consumer in secrets.list_consumers(ref)], ["ACTIVE"] * 2)
    equal([consumer["service"] for consumer in secrets.get(ref).consumers], ["glance", "cinder"])
    secrets.remove_consumer(ref, **IMAGE)
    equal(triples(secrets.list_consumers(ref)), [VOLUME])
    again = raised(exceptions.HTTPClientError, secrets.remove_consumer, ref, **IMAGE)
    equal((again.status_code, "Consumer not found." in str(again)), (404, True))
    other = connect("FOREIGN").secrets
    equal(raised(exceptions.HTTPClientError, other.register_consumer, ref, **IMAGE).status_code, 403)


def consumers_guard():
    """The client asks for the newest microversion it knows, and recognises this one refusal by its text."""
    secrets = connect().secrets
    ref = secrets.create(name=unique("used"), payload="x").store()
    secrets.register_consumer(ref, **IMAGE)
    raised(exceptions.SecretHasConsumers, secrets.delete, ref)
    equal(secrets.get(ref).payload, "x")
    secrets.delete(ref, force=True)
    gone(connect(), ref)


if __name__ == "__main__":
    run(
        {
            "text": text,
            "binary": binary,
            "two_step_text": two_step_text,
            "two_step_binary": two_step_binary,
            "fields": fields,
            "expiration": expiration,
            "expires": expires,
            "listing": listing,
            "deletion": deletion,
            "errors": errors,
            "bad_token": bad_token,
            "foreign": foreign,
            "metadata": metadata,
            "consumers": consumers,
            "consumers_guard": consumers_guard,
        }
    )
