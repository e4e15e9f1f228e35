"""Access control lists of python-barbicanclient: a reader from another project, without any role of the key manager."""

from barbicanclient import client
from barbicanclient import exceptions

from flows import equal, keystone_session, raised, run, unique


def connect(prefix="OS"):
    return client.Client(session=keystone_session(prefix))


def user_id(prefix):
    return keystone_session(prefix).get_user_id()


def new_secret(payload="x"):
    return connect().secrets.create(name=unique("shared"), payload=payload).store()


def new_container():
    barbican = connect()
    secret = barbican.secrets.get(new_secret())
    return barbican.containers.create(name=unique("shared"), secrets={"one": secret}).store()


def forbidden(call):
    equal(raised(exceptions.HTTPClientError, call).status_code, 403)


def read_of(ref):
    return connect().acls.get(ref).read


def nothing_set():
    for ref in (new_secret(), new_container()):
        found = read_of(ref)
        equal((found.project_access, found.users, found.created, found.updated), (True, [], None, None))
    barbican = connect()
    equal(barbican.secrets.get(new_secret()).acls.read.project_access, True)
    equal(barbican.containers.get(new_container()).acls.read.project_access, True)


def secret():
    ref = new_secret("for your eyes")
    other = connect("FOREIGN")
    forbidden(lambda: other.secrets.get(ref).status)
    acl = connect().acls.create(entity_ref=ref, users=[user_id("FOREIGN")])
    equal(acl.submit(), f"{ref}/acl")
    acl.load_acls_data()
    equal((acl.read.users, acl.read.project_access), ([user_id("FOREIGN")], True))
    equal((acl.read.created is not None, acl.read.updated is not None), (True, True))
    equal(other.secrets.get(ref).payload, "for your eyes")
    for attempt in (
        lambda: other.secrets.update(ref, "y"),
        lambda: other.secrets.delete(ref),
        lambda: other.acls.get(ref),
        lambda: other.acls.create(entity_ref=ref, users=[]).submit(),
    ):
        forbidden(attempt)
    acl.remove()
    equal(read_of(ref).users, [])
    forbidden(lambda: other.secrets.get(ref).status)


def container():
    """The list of a container opens the container, and none of its secrets."""
    ref = new_container()
    other = connect("FOREIGN")
    forbidden(lambda: other.containers.get(ref))
    acl = connect().acls.create(entity_ref=ref, users=[user_id("FOREIGN")])
    equal(acl.submit(), f"{ref}/acl")
    found = other.containers.get(ref)
    equal(found.container_ref, ref)
    member = connect().containers.get(ref).secret_refs["one"]
    forbidden(lambda: other.secrets.get(member).status)
    acl.remove()
    forbidden(lambda: other.containers.get(ref))


def private():
    ref = new_secret("mine alone")
    peer = connect("PEER")
    equal(peer.secrets.get(ref).payload, "mine alone")
    connect().acls.create(entity_ref=ref, project_access=False).submit()
    equal(read_of(ref).project_access, False)
    forbidden(lambda: peer.secrets.get(ref).status)
    equal(connect().secrets.get(ref).payload, "mine alone")


def replaces():
    ref = new_secret()
    connect().acls.create(entity_ref=ref, users=["one", "two"], project_access=False).submit()
    created = read_of(ref).created
    connect().acls.create(entity_ref=ref, users=["three"]).submit()
    found = read_of(ref)
    equal((found.users, found.project_access, found.created), (["three"], True, created))


def adds():
    """As its command does: read the list, change it here, put all of it back."""
    ref = new_secret("shared")
    connect().acls.create(entity_ref=ref, users=["somebody"]).submit()
    acl = connect().acls.get(ref)
    acl.read.users.append(user_id("FOREIGN"))
    acl.submit()
    equal(sorted(read_of(ref).users), sorted(["somebody", user_id("FOREIGN")]))
    equal(connect("FOREIGN").secrets.get(ref).payload, "shared")


def removes():
    ref = new_secret()
    connect().acls.create(entity_ref=ref, users=[user_id("FOREIGN")], project_access=False).submit()
    acl = connect().acls.get(ref)
    acl.read.users.clear()
    acl.submit()
    equal((read_of(ref).users, read_of(ref).project_access), ([], False))
    # Of the one operation: what is left of the list is nothing.
    connect().acls.get(ref).read.remove()
    equal(read_of(ref).project_access, True)


def refused():
    ref = new_secret()
    odd = connect().acls.create(entity_ref=ref, users=["x" * 256])
    equal(raised(exceptions.HTTPClientError, odd.submit).status_code, 400)
    unknown = ref[: -len("0000")] + "0000"
    missing = connect().acls.create(entity_ref=unknown, users=["one"])
    equal(raised(exceptions.HTTPClientError, missing.submit).status_code, 404)


if __name__ == "__main__":
    run(
        {
            "nothing_set": nothing_set,
            "secret": secret,
            "container": container,
            "private": private,
            "replaces": replaces,
            "adds": adds,
            "removes": removes,
            "refused": refused,
        }
    )
