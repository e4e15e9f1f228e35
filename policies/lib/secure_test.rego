package postern.secure_test

import data.postern.samples_test as samples
import data.postern.secure

# Action, roles, what is changed about the secret, the grants that must follow: no more, no less.
cases := [
	["secrets:post", ["member"], {}, {"member"}],
	["secrets:post", ["admin"], {}, set()],
	["secrets:get", ["reader"], {}, set()],
	["quotas:get", ["reader"], {}, {"reader"}],
	["postern:version", [], {}, {"project_token"}],
	["project_quotas:put", ["admin"], {}, {"admin"}],
	["postern:project_stores:get", ["admin"], {}, {"admin"}],
	["postern:project_stores:put", ["admin"], samples.foreign, {"admin"}],
	["postern:project_stores:put", ["member", "reader"], {}, set()],
	["postern:project_stores:delete", ["admin"], {}, {"admin"}],
	["order:get", ["member"], {}, {"project_member"}],
	["order:get", ["member"], samples.foreign, set()],
	["secret:put", ["admin"], samples.private, {"project_admin"}],
	["secret:put", ["member"], {}, {"member_shared"}],
	["secret:put", ["member"], samples.private, set()],
	["secret:get", ["admin"], samples.foreign, {"admin"}],
	["secret:get", ["reader"], {}, set()],
	["secret:delete", ["admin"], object.union(samples.foreign, samples.private), {"admin"}],
	["secret:delete", [], samples.listed, set()],
	["secret:decrypt", ["admin"], samples.foreign, set()],
	["secret:decrypt", ["member"], object.union(samples.own, samples.private), {"member_owner"}],
	["secret:decrypt", ["reader"], samples.own, set()],
	["secret:decrypt", [], object.union(samples.foreign, samples.listed_private), {"acl_read"}],
	["secret:decrypt", ["creator", "observer"], {}, set()],
	["consumer:get", ["admin"], samples.foreign, {"admin"}],
	["consumer:get", ["member"], {}, {"member_shared"}],
	["secret_acls:get", ["member"], samples.own, {"member_owner"}],
]

test_grants[name] if {
	some i, [action, roles, changes, expected] in cases
	name := concat(" ", [format_int(i, 10), action])
	secure.grants == expected with input as samples.ask(action, roles, changes)
}

test_a_shared_list_shows_itself_only_when_in_sight if {
	question := samples.ask("secret_acls:get", ["member"], {})
	secure.grants == set() with input as question
	secure.grants == {"member_sighted"} with input as question with data.settings.acl_endpoint_blind as false
}
