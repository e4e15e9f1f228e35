"""Fills a Keystone with the projects, users, roles and credentials that tests use, and writes them to a JSON file.

Only what is missing is created, so that a second run costs a few requests. The passwords are fixed: test fixtures.
"""

import argparse
import json
import os
import urllib.error
import urllib.request

ROLES = ["creator", "observer", "audit", "service", "key-manager:service-admin", "nobody"]

# User name without the project's suffix: roles in the project. "nobody" means nothing to the key manager; without any
# role Keystone would not scope a token to the project. "writer" may write under either generation of rules.
PERSONAS = {
    "admin": ["admin"],
    "creator": ["creator"],
    "creator2": ["creator"],
    "observer": ["observer"],
    "audit": ["audit"],
    "member": ["member"],
    "member2": ["member"],
    "reader": ["reader"],
    "nobody": ["nobody"],
    "service-admin": ["key-manager:service-admin"],
    "writer": ["creator", "member"],
}
PROJECTS = {"project-a": "a", "project-b": "b"}
# A project for each kind of secret store, each with a creator only.
STORE_PROJECTS = {f"project-{kind}": kind for kind in ("simple_crypto", "pkcs11", "kmip", "vault", "dogtag")}

# "postern" is the broker's own user; "compute" calls the broker for its users, with a service token.
SERVICE_USERS = {"postern": ["service"], "compute": ["service"]}

# Application credentials of writer-a by name: access rules as (method, path), or None for no rules at all.
APPLICATION_CREDENTIALS = {
    "unrestricted": None,
    "list-secrets": [("GET", "/v1/secrets")],
    "create-secrets": [("POST", "/v1/secrets")],
    "below-secrets": [("GET", "/v1/secrets/**")],
}


class Keystone:
    def __init__(self, auth_url):
        self.url = auth_url + "/v3"
        self.token = None

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["X-Auth-Token"] = self.token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.headers, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def get(self, path):
        return self.call("GET", path)[1]

    def log_in(self, name, password, project):
        user = {"name": name, "domain": {"id": "default"}, "password": password}
        scope = {"project": {"name": project, "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        headers, body = self.call("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        self.token = headers["X-Subject-Token"]
        return body["token"]["user"]["id"]

    def ensure_all(self, collection, member, wanted, key="name"):
        """Creates what the collection lacks, by name; gives the id of each."""
        found = {row[key]: row["id"] for row in self.get("/" + collection)[collection]}
        for body in wanted:
            if body[key] not in found:
                created = self.call("POST", "/" + collection, {member: body})[1]
                found[body[key]] = created[member]["id"]
        return found


def password_of(name):
    return name + "-password"


def seed_identity(keystone):
    roles = keystone.ensure_all("roles", "role", [{"name": name} for name in ROLES])
    names = ["service", *PROJECTS, *STORE_PROJECTS]
    projects = keystone.ensure_all("projects", "project", [{"name": n, "domain_id": "default"} for n in names])
    grants = {name: ("service", granted) for name, granted in SERVICE_USERS.items()}
    for project, suffix in PROJECTS.items():
        grants |= {f"{name}-{suffix}": (project, granted) for name, granted in PERSONAS.items()}
    grants |= {f"creator-{kind}": (project, ["creator"]) for project, kind in STORE_PROJECTS.items()}
    wanted = [{"name": n, "domain_id": "default", "password": password_of(n)} for n in grants]
    users = keystone.ensure_all("users", "user", wanted)
    return roles, projects, grants, users


def seed_assignments(keystone, roles, projects, grants, users):
    wanted = {
        f"/projects/{projects[project]}/users/{users[name]}/roles/{roles[role]}"
        for name, (project, granted) in grants.items()
        for role in granted
    }
    # One user for each scope that is not a project, with roles that would suffice if it were.
    for role in PERSONAS["writer"]:
        wanted.add(f"/system/users/{users['writer-a']}/roles/{roles[role]}")
        wanted.add(f"/domains/default/users/{users['writer-a']}/roles/{roles[role]}")
    wanted.add(f"/system/users/{users['compute']}/roles/{roles['service']}")
    for path in sorted(wanted - assigned(keystone)):
        keystone.call("PUT", path)


def assigned(keystone):
    found = set()
    for row in keystone.get("/role_assignments")["role_assignments"]:
        if "user" not in row:
            continue
        tail = f"/users/{row['user']['id']}/roles/{row['role']['id']}"
        scope = row["scope"]
        if "project" in scope:
            found.add(f"/projects/{scope['project']['id']}{tail}")
        elif "domain" in scope:
            found.add(f"/domains/{scope['domain']['id']}{tail}")
        else:
            found.add(f"/system{tail}")
    return found


def seed_catalogue(keystone, url):
    services = keystone.ensure_all(
        "services", "service", [{"type": "key-manager", "name": "postern"}], key="type"
    )
    service = services["key-manager"]
    found = {row["interface"]: row for row in keystone.get(f"/endpoints?service_id={service}")["endpoints"]}
    for interface in ("public", "internal", "admin"):
        row = found.get(interface)
        body = {"interface": interface, "service_id": service, "region_id": "RegionOne", "url": url}
        if row is None:
            keystone.call("POST", "/endpoints", {"endpoint": body})
        elif row["url"] != url:
            keystone.call("PATCH", f"/endpoints/{row['id']}", {"endpoint": {"url": url}})


def seed_application_credentials(auth_url):
    """Only their owner may create them."""
    keystone = Keystone(auth_url)
    user = keystone.log_in("writer-a", password_of("writer-a"), "project-a")
    path = f"/users/{user}/application_credentials"
    found = {row["name"]: row["id"] for row in keystone.get(path)["application_credentials"]}
    result = {}
    for name, rules in APPLICATION_CREDENTIALS.items():
        if name not in found:
            body = {"application_credential": credential_body(name, rules)}
            found[name] = keystone.call("POST", path, body)[1]["application_credential"]["id"]
        result[name] = {"id": found[name], "secret": password_of(name)}
    return result


def credential_body(name, rules):
    body = {"name": name, "secret": password_of(name)}
    if rules is not None:
        body["access_rules"] = [{"method": m, "path": p, "service": "key-manager"} for m, p in rules]
    return body


def document(options, projects, grants, users, credentials):
    return {
        "auth_url": options.auth_url,
        "short_auth_url": options.short_auth_url,
        "short_expiration": options.short_expiration,
        "key_manager_url": options.key_manager_url,
        "region": "RegionOne",
        "projects": {name: projects[name] for name in ("service", *PROJECTS, *STORE_PROJECTS)},
        "users": {
            name: {
                "id": users[name],
                "password": password_of(name),
                "project": project,
                "project_id": projects[project],
                "roles": granted,
            }
            for name, (project, granted) in grants.items()
        },
        "application_credentials": credentials,
    }


def write(path, value):
    """All or nothing: a test may read the file while it is written again."""
    with open(path + ".new", "w", encoding="utf-8") as out:
        json.dump(value, out, indent=2)
        out.write("\n")
    os.replace(path + ".new", path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--auth-url", required=True)
    parser.add_argument("--short-auth-url", required=True)
    parser.add_argument("--short-expiration", required=True, type=int)
    parser.add_argument("--admin-password", required=True)
    parser.add_argument("--key-manager-url", required=True)
    parser.add_argument("--out", required=True)
    return parser.parse_args()


def main():
    options = arguments()
    keystone = Keystone(options.auth_url)
    keystone.log_in("admin", options.admin_password, "admin")
    roles, projects, grants, users = seed_identity(keystone)
    seed_assignments(keystone, roles, projects, grants, users)
    seed_catalogue(keystone, options.key_manager_url)
    credentials = seed_application_credentials(options.auth_url)
    write(options.out, document(options, projects, grants, users, credentials))


if __name__ == "__main__":
    main()
