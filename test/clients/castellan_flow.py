"""castellan's Barbican key manager, as Nova, Cinder and their like use it: bytes in, the same bytes out."""

import datetime
import os

from castellan.common import exception
from castellan.common.credentials import keystone_password
from castellan.common.objects import opaque_data, passphrase, private_key, public_key, symmetric_key, x_509
from castellan import key_manager
from castellan import options
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from oslo_config import cfg

from flows import equal, raised, run, unique

UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"


def connect():
    conf = cfg.ConfigOpts()
    options.set_defaults(conf, backend="barbican", auth_endpoint=os.environ["OS_AUTH_URL"])
    conf([], project="castellan-flow")
    return key_manager.API(conf)


def context(prefix="OS"):
    return keystone_password.KeystonePassword(
        auth_url=os.environ["OS_AUTH_URL"],
        username=os.environ[f"{prefix}_USERNAME"],
        password=os.environ[f"{prefix}_PASSWORD"],
        project_name=os.environ[f"{prefix}_PROJECT_NAME"],
        user_domain_id="default",
        project_domain_id="default",
    )


def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def der_private(key):
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def der_public(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def der_certificate(key):
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "postern.example")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    certificate = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


def round_trip(sent):
    """Store, read, read without payload, list, delete; then it is gone."""
    manager, who = connect(), context()
    ref = manager.store(who, sent)
    found = manager.get(who, ref)
    equal(type(found), type(sent))
    equal(found.get_encoded(), sent.get_encoded())
    equal(found, sent)
    equal(found.name, sent.name)
    equal(found.id, ref)
    equal(isinstance(found.created, int), True)
    bare = manager.get(who, ref, metadata_only=True)
    equal(bare.is_metadata_only(), True)
    equal(ref in [each.id for each in manager.list(who, object_type=type(sent), metadata_only=True)], True)
    manager.delete(who, ref)
    raised(exception.ManagedObjectNotFoundError, manager.get, who, ref)


def symmetric():
    round_trip(symmetric_key.SymmetricKey("AES", 256, os.urandom(32), name=unique("symmetric")))


def phrase():
    round_trip(passphrase.Passphrase(b"correct horse battery staple", name=unique("passphrase")))


def opaque():
    round_trip(opaque_data.OpaqueData(bytes(range(256)), name=unique("opaque")))


def certificate():
    round_trip(x_509.X509(der_certificate(rsa_key()), name=unique("certificate")))


def rsa_pair():
    key = rsa_key()
    round_trip(private_key.PrivateKey("RSA", 2048, der_private(key), name=unique("private")))
    round_trip(public_key.PublicKey("RSA", 2048, der_public(key), name=unique("public")))


def listing():
    manager, who = connect(), context()
    key = manager.store(who, symmetric_key.SymmetricKey("AES", 128, os.urandom(16), name=unique("listed")))
    word = manager.store(who, passphrase.Passphrase(b"word", name=unique("listed")))
    keys = {each.id: each for each in manager.list(who, object_type=symmetric_key.SymmetricKey)}
    equal(key in keys, True)
    equal(word in keys, False)
    equal(keys[key].bit_length, 128)
    equal({key, word} <= {each.id for each in manager.list(who)}, True)
    manager.delete(who, key)
    manager.delete(who, word)


def missing():
    manager, who = connect(), context()
    raised(exception.ManagedObjectNotFoundError, manager.get, who, UNKNOWN_ID)
    raised(exception.ManagedObjectNotFoundError, manager.delete, who, UNKNOWN_ID)


def foreign():
    manager = connect()
    ref = manager.store(context(), opaque_data.OpaqueData(b"mine", name=unique("mine")))
    raised(exception.KeyManagerError, manager.get, context("FOREIGN"), ref)
    raised(exception.KeyManagerError, manager.delete, context("FOREIGN"), ref)
    equal(manager.get(context(), ref).get_encoded(), b"mine")
    manager.delete(context(), ref)


VOLUME = {"service": "cinder", "resource_type": "volume", "resource_id": UNKNOWN_ID}


def consumers():
    manager, who = connect(), context()
    ref = manager.store(who, opaque_data.OpaqueData(b"used", name=unique("used")))
    equal(manager.get(who, ref).consumers, [])
    manager.add_consumer(who, ref, VOLUME)
    registered = manager.get(who, ref).consumers
    equal([{key: consumer[key] for key in VOLUME} for consumer in registered], [VOLUME])
    manager.remove_consumer(who, ref, VOLUME)
    equal(manager.get(who, ref).consumers, [])
    raised(exception.ManagedObjectNotFoundError, manager.remove_consumer, who, ref, VOLUME)
    raised(exception.ManagedObjectNotFoundError, manager.add_consumer, who, UNKNOWN_ID, VOLUME)
    raised(exception.KeyManagerError, manager.add_consumer, context("FOREIGN"), ref, VOLUME)
    manager.delete(who, ref)


def consumers_guard():
    manager, who = connect(), context()
    ref = manager.store(who, opaque_data.OpaqueData(b"used", name=unique("used")))
    manager.add_consumer(who, ref, VOLUME)
    raised(exception.KeyManagerError, manager.delete, who, ref)
    equal(manager.get(who, ref).get_encoded(), b"used")
    manager.delete(who, ref, force=True)
    raised(exception.ManagedObjectNotFoundError, manager.get, who, ref)


if __name__ == "__main__":
    run(
        {
            "symmetric": symmetric,
            "phrase": phrase,
            "opaque": opaque,
            "certificate": certificate,
            "rsa_pair": rsa_pair,
            "listing": listing,
            "missing": missing,
            "foreign": foreign,
            "consumers": consumers,
            "consumers_guard": consumers_guard,
        }
    )
