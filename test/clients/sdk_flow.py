"""openstacksdk's key manager, as Ansible's modules and Heat use it."""

import base64

from openstack import connection
from openstack import exceptions

from flows import equal, keystone_session, run, unique

UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"
ALL_BYTES = bytes(range(256))
VOLUME = {"service": "cinder", "resource_type": "volume", "resource_id": UNKNOWN_ID}
UNLIMITED = {"secrets": -1, "orders": -1, "containers": -1, "consumers": -1, "cas": -1}
UNSET = dict.fromkeys(UNLIMITED)


def connect(prefix="OS"):
    return connection.Connection(session=keystone_session(prefix), region_name="RegionOne").key_manager


def stored(manager, payload="x", **fields):
    fields = {"name": unique("sdk"), "payload_content_type": "text/plain", **fields}
    return manager.create_secret(payload=payload, **fields)


def text():
    manager = connect()
    name = unique("text")
    made = stored(manager, "squeamish \u00df \u4e2d", name=name)
    found = manager.get_secret(made.secret_id)
    equal((found.name, found.status, found.secret_type), (name, "ACTIVE", "opaque"))
    equal(found.payload, "squeamish \u00df \u4e2d")
    equal(found.secret_ref, made.secret_ref)
    manager.delete_secret(made.secret_id, ignore_missing=False)
    unreadable(manager, made.secret_id)


def binary():
    """Debian's decodes whatever it reads, so that there is no binary payload to be had from it."""
    manager = connect()
    content = {"payload_content_type": "application/octet-stream", "payload_content_encoding": "base64"}
    made = stored(manager, base64.b64encode(ALL_BYTES).decode(), **content)
    equal(manager.get_secret(made.secret_id).payload, ALL_BYTES)


def listing():
    manager = connect()
    shared = unique("listed")
    refs = [
        stored(manager, name=shared, algorithm="aes", bit_length=128, mode="cbc").secret_ref,
        stored(manager, name=shared, algorithm="rsa", bit_length=256, secret_type="private").secret_ref,
    ]

    def found(**query):
        return [secret.secret_ref for secret in manager.secrets(name=shared, **query)]

    equal(found(sort="created:asc"), refs)
    equal(found(algorithm="rsa"), refs[1:])
    equal(found(bits=128), refs[:1])
    equal(found(mode="cbc"), refs[:1])
    equal(found(secret_type="private"), refs[1:])
    equal(found(created="gt:2040-01-01T00:00:00"), [])


def pages():
    """By the links alone: told a limit, it asks once more behind the last page, by a marker the API has never had."""
    manager = connect()
    shared = unique("paged")
    refs = [stored(manager, name=shared).secret_ref for _ in range(11)]
    equal([secret.secret_ref for secret in manager.secrets(name=shared, sort="created:asc")], refs)
    made = {manager.create_container(name=unique("paged"), type="generic").container_ref for _ in range(11)}
    equal(made <= {container.container_ref for container in manager.containers()}, True)


def refused(status, call, *arguments, **named):
    """The classes for one status have other names in every generation."""
    try:
        result = call(*arguments, **named)
    except exceptions.HttpException as error:
        equal(error.status_code, status)
        return error
    raise AssertionError(f"not refused; got {result!r}")


def unreadable(manager, secret_id):
    """This one call does not look at the status: what is refused comes back as a secret without anything."""
    found = manager.get_secret(secret_id)
    equal((found.secret_ref, found.name, found.payload, found.status), (None, None, None, None))


def nothing():
    manager = connect()
    unreadable(manager, UNKNOWN_ID)
    refused(404, manager.get_container, UNKNOWN_ID)
    for call in (manager.delete_secret, manager.delete_container):
        equal(call(UNKNOWN_ID), None)
        refused(404, call, UNKNOWN_ID, ignore_missing=False)


def containers():
    manager = connect()
    members = [{"name": name, "secret_ref": stored(manager).secret_ref} for name in ("certificate", "private_key")]
    name = unique("certificate")
    made = manager.create_container(name=name, type="certificate", secret_refs=members)
    found = manager.get_container(made.container_id)
    equal((found.name, found.type, found.status), (name, "certificate", "ACTIVE"))
    equal((found.container_ref, found.consumers), (made.container_ref, []))
    equal(found.secret_refs, members)
    equal(made.container_ref in [each.container_ref for each in manager.containers()], True)
    manager.delete_container(made.container_id, ignore_missing=False)
    refused(404, manager.get_container, made.container_id)
    equal(manager.get_secret(members[0]["secret_ref"].split("/")[-1]).payload, "x")


def foreign():
    made = stored(connect())
    other = connect("FOREIGN")
    unreadable(other, made.secret_id)
    refused(403, other.delete_secret, made.secret_id)
    equal(made.secret_ref in [secret.secret_ref for secret in other.secrets()], False)


def consumers():
    manager = connect()
    made = stored(manager)
    manager.create_secret_consumer(made.secret_id, **VOLUME)
    manager.create_secret_consumer(made.secret_id, **VOLUME)
    listed = list(manager.secret_consumers(made.secret_id))
    equal([{key: getattr(consumer, key) for key in VOLUME} for consumer in listed], [VOLUME])
    manager.delete_secret_consumer(made.secret_id, **VOLUME)
    equal(list(manager.secret_consumers(made.secret_id)), [])
    manager.delete_secret_consumer(made.secret_id, **VOLUME)
    refused(404, manager.delete_secret_consumer, made.secret_id, ignore_missing=False, **VOLUME)


def stores():
    manager = connect()
    found = {store.name: store for store in manager.secret_stores()}
    equal({name: store.global_default for name, store in found.items()}, {"software": True, "spare": False})
    equal({store.status for store in found.values()}, {"ACTIVE"})
    default = manager.get_global_default_secret_store()
    equal((default.name, default.id), ("software", found["software"].secret_store_id))
    admin = connect("ADMIN")
    refused(404, admin.get_preferred_secret_store)
    # It has no call for this.
    spare = found["spare"].secret_store_id
    equal(admin.post(f"/secret-stores/{spare}/preferred").status_code, 204)
    equal((manager.get_preferred_secret_store().name, manager.get_preferred_secret_store().id), ("spare", spare))
    made = stored(manager, "kept elsewhere")
    equal(admin.delete(f"/secret-stores/{spare}/preferred").status_code, 204)
    equal(manager.get_secret(made.secret_id).payload, "kept elsewhere")
    refused(404, manager.get_preferred_secret_store)


def values(quota):
    return {key: getattr(quota, key) for key in UNLIMITED}


def effective_quota():
    equal(values(connect().get_quota()), UNLIMITED)


def project_quotas():
    operator, other = connect("OPERATOR"), connect("FOREIGN")
    project = keystone_session("FOREIGN").get_project_id()
    refused(404, operator.get_project_quota, project)
    operator.update_project_quota(project, secrets=0, containers=7)
    equal(values(operator.get_project_quota(project)), {**UNSET, "secrets": 0, "containers": 7})
    operator.update_project_quota(project, orders=3)
    equal(values(operator.get_project_quota(project)), {**UNSET, "secrets": 0, "containers": 7, "orders": 3})
    equal(values(other.get_quota()), {**UNLIMITED, "secrets": 0, "containers": 7, "orders": 3})
    answer = refused(403, stored, other).response.json()
    equal("quota has been reached" in answer["description"], True)
    operator.delete_project_quota(project, ignore_missing=False)
    refused(404, operator.get_project_quota, project)
    equal(stored(other).secret_ref is not None, True)
    refused(403, other.update_project_quota, project, secrets=9)


def secret_acl():
    manager, other = connect(), connect("FOREIGN")
    made = stored(manager, "shared")
    equal(manager.get_secret_acl(made.secret_id).read, {"project-access": True})
    user = keystone_session("FOREIGN").get_user_id()
    manager.set_secret_acl(made.secret_id, read={"users": [user], "project-access": False})
    found = manager.get_secret_acl(made.secret_id).read
    equal((found["users"], found["project-access"]), ([user], False))
    equal(other.get_secret(made.secret_id).payload, "shared")
    manager.update_secret_acl(made.secret_id, read={"users": []})
    equal(manager.get_secret_acl(made.secret_id).read["users"], [])
    unreadable(other, made.secret_id)
    manager.delete_secret_acl(made.secret_id, ignore_missing=False)
    equal(manager.get_secret_acl(made.secret_id).read, {"project-access": True})


def container_acl():
    manager = connect()
    made = manager.create_container(name=unique("shared"), type="generic")
    manager.create_container_acl(made.container_id, read={"users": ["one"], "project-access": False})
    manager.update_container_acl(made.container_id, read={"users": ["two"]})
    found = manager.get_container_acl(made.container_id).read
    # The second is a PATCH: what it does not name stays.
    equal((found["users"], found["project-access"]), (["two"], False))
    manager.delete_container_acl(made.container_id, ignore_missing=False)
    equal(manager.get_container_acl(made.container_id).read, {"project-access": True})


if __name__ == "__main__":
    run(
        {
            "text": text,
            "binary": binary,
            "listing": listing,
            "pages": pages,
            "nothing": nothing,
            "containers": containers,
            "foreign": foreign,
            "consumers": consumers,
            "stores": stores,
            "effective_quota": effective_quota,
            "project_quotas": project_quotas,
            "secret_acl": secret_acl,
            "container_acl": container_acl,
        }
    )
