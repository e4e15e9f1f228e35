"""Orders as an application of python-barbicanclient places them, and waits for them."""

import time

from barbicanclient import client
from barbicanclient import exceptions
from cryptography.hazmat.primitives import serialization

from flows import equal, keystone_session, raised, run, unique

PATIENCE_SECONDS = 40


def connect(prefix="OS"):
    return client.Client(session=keystone_session(prefix))


def ended(barbican, ref):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        order = barbican.orders.get(ref)
        if order.status != "PENDING":
            return order
        time.sleep(0.1)
    raise AssertionError(f"{ref} is still pending")


def key():
    barbican = connect()
    name = unique("key")
    ref = barbican.orders.create_key(name=name, algorithm="aes", bit_length=256, mode="cbc").submit()
    order = ended(barbican, ref)
    equal((order.status, order.order_ref, order.name), ("ACTIVE", ref, name))
    equal((order.algorithm, order.bit_length, order.mode), ("aes", 256, "cbc"))
    equal((order.error_status_code, order.error_reason, order.expiration), (None, None, None))
    found = barbican.secrets.get(order.secret_ref)
    equal((found.name, found.secret_type, found.status), (name, "symmetric", "ACTIVE"))
    equal((found.algorithm, found.bit_length, found.mode), ("aes", 256, "cbc"))
    equal(found.content_types, {"default": "application/octet-stream"})
    equal((len(found.payload), len(set(found.payload)) > 8), (32, True))
    again = ended(barbican, barbican.orders.create_key(name=name, algorithm="aes", bit_length=256).submit())
    equal(barbican.secrets.get(again.secret_ref).payload == found.payload, False)


def expiring_key():
    barbican = connect()
    until = "2040-02-28T19:14:44.180394"
    content = {"payload_content_type": "application/octet-stream", "expiration": until}
    order = barbican.orders.create_key(name=unique("key"), algorithm="aes", bit_length=128, **content)
    found = ended(barbican, order.submit())
    equal(found.expiration.isoformat(), until + "+00:00")
    equal(barbican.secrets.get(found.secret_ref).expiration, found.expiration)


def pair():
    barbican = connect()
    name = unique("pair")
    order = ended(barbican, barbican.orders.create_asymmetric(name=name, algorithm="rsa", bit_length=2048).submit())
    equal((order.status, order.name, order.error_reason), ("ACTIVE", name, None))
    container = barbican.containers.get(order.container_ref)
    equal((container.name, container.private_key_passphrase), (name, None))
    private = serialization.load_pem_private_key(container.private_key.payload, None)
    public = serialization.load_pem_public_key(container.public_key.payload)
    equal(private.public_key().public_numbers(), public.public_numbers())
    equal((private.key_size, public.public_numbers().e), (2048, 65537))
    equal((container.private_key.secret_type, container.public_key.secret_type), ("private", "public"))


def locked_pair():
    barbican = connect()
    order = barbican.orders.create_asymmetric(
        name=unique("pair"), algorithm="rsa", bit_length=2048, pass_phrase="open sesame"
    )
    found = ended(barbican, order.submit())
    # The answer names no passphrase: whoever may see the order need not be who may open the key.
    equal(found.pass_phrase, None)
    container = barbican.containers.get(found.container_ref)
    equal(container.private_key_passphrase.payload, "open sesame")
    equal(container.private_key.payload.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"), True)
    private = serialization.load_pem_private_key(container.private_key.payload, b"open sesame")
    public = serialization.load_pem_public_key(container.public_key.payload)
    equal(private.public_key().public_numbers(), public.public_numbers())


def failed():
    barbican = connect()
    order = ended(barbican, barbican.orders.create_key(name=unique("odd"), algorithm="bogus", bit_length=256).submit())
    equal((order.status, order.error_status_code, order.secret_ref), ("ERROR", "400", None))
    equal("Secret generate supported plugin not found" in order.error_reason, True)
    wrong = barbican.orders.create_asymmetric(name=unique("odd"), algorithm="aes", bit_length=256)
    order = ended(barbican, wrong.submit())
    equal((order.status, order.error_status_code, order.container_ref), ("ERROR", "400", None))
    equal("Requested algorithm is not supported" in order.error_reason, True)


def refused():
    barbican = connect()
    for sent, why in (
        ({"algorithm": "aes", "bit_length": 9}, "Provided field value is not supported"),
        ({"bit_length": 256}, "'algorithm' is required field for key type order"),
        ({"algorithm": "aes"}, "'bit_length' is required field for key type order"),
    ):
        error = raised(exceptions.HTTPClientError, barbican.orders.create_key(name=unique("odd"), **sent).submit)
        equal((error.status_code, why in str(error)), (400, True))


def listing():
    barbican = connect()
    before = [order.order_ref for order in barbican.orders.list(limit=100)]
    refs = [
        barbican.orders.create_key(name=unique("listed"), algorithm="aes", bit_length=128).submit() for _ in range(3)
    ]
    equal([order.order_ref for order in barbican.orders.list(limit=100)], before + refs)
    page = barbican.orders.list(limit=2, offset=len(before) + 1)
    equal([order.order_ref for order in page], refs[1:])
    for ref in refs:
        ended(barbican, ref)


def deletion():
    """Who ordered may not delete the order, an admin may, and what was made stays."""
    barbican = connect()
    ref = barbican.orders.create_key(name=unique("doomed"), algorithm="aes", bit_length=128).submit()
    made = ended(barbican, ref).secret_ref
    equal(raised(exceptions.HTTPClientError, barbican.orders.delete, ref).status_code, 403)
    connect("ADMIN").orders.delete(ref)
    equal(raised(exceptions.HTTPClientError, barbican.orders.get, ref).status_code, 404)
    equal(len(barbican.secrets.get(made).payload), 16)


def foreign():
    ref = connect().orders.create_key(name=unique("mine"), algorithm="aes", bit_length=128).submit()
    made = ended(connect(), ref).secret_ref
    other = connect("FOREIGN")
    error = raised(exceptions.HTTPClientError, other.orders.get, ref)
    equal((error.status_code, "Order not found." in str(error)), (404, True))
    equal(ref in [order.order_ref for order in other.orders.list(limit=100)], False)
    equal(raised(exceptions.HTTPClientError, lambda: other.secrets.get(made).status).status_code, 403)


if __name__ == "__main__":
    run(
        {
            "key": key,
            "expiring_key": expiring_key,
            "pair": pair,
            "locked_pair": locked_pair,
            "failed": failed,
            "refused": refused,
            "listing": listing,
            "deletion": deletion,
            "foreign": foreign,
        }
    )
