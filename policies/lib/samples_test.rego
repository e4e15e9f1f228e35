# METADATA
# title: Samples for tests
# description: One caller and one secret, of which a test changes what it is about.
package postern.samples_test

caller := {
	"kind": "keystone",
	"issuer": "test",
	"user": {"id": "u-1", "name": "someone", "domain": {"id": "default", "name": "Default"}},
	"project": {"id": "p-1", "name": "shop", "domain": {"id": "default", "name": "Default"}, "tags": []},
	"domain": null,
	"scope": "project",
	"roles": [],
}

secret := {
	"type": "secret",
	"id": "s-1",
	"project_id": "p-1",
	"creator_id": "u-2",
	"acl": {"defined": false, "read": {"granted": false, "project_access": true, "users": 0}},
	"parent": null,
	"query": {},
}

collection := {"type": "collection", "id": null, "project_id": null, "creator_id": null, "acl": null, "query": {}}

# METADATA
# description: The action, asked by the caller with these roles about the secret with these changes.
ask(action, roles, changes) := {
	"schema": 1,
	"action": action,
	"principal": object.union(caller, {"roles": roles}),
	"service": null,
	"target": object.union(secret, changes),
}

# METADATA
# description: Changes that make the secret the caller's own, private, another project's, or shared by name.
own := {"creator_id": "u-1"}

private := {"acl": {"defined": true, "read": {"project_access": false}}}

foreign := {"project_id": "p-2"}

listed := {"acl": {"defined": true, "read": {"granted": true, "users": 1}}}

listed_private := {"acl": {"defined": true, "read": {"granted": true, "project_access": false, "users": 1}}}
