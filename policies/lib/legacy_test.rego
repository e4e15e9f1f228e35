package postern.legacy_test

import data.postern.legacy
import data.postern.samples_test as samples
import data.postern.secure

# Action, roles, what is changed about the secret, the grants that must follow: no more, no less.
cases := [
	["secrets:post", ["admin"], {}, {"admin"}],
	["secrets:post", ["creator"], {}, {"creator"}],
	["secrets:post", ["observer"], {}, set()],
	["secrets:get", ["observer", "audit"], {}, {"observer"}],
	["quotas:get", ["audit"], {}, {"audit"}],
	["quotas:get", ["key-manager:service-admin"], {}, {"service_admin"}],
	["quotas:get", ["member", "reader"], {}, set()],
	["postern:version", [], {}, {"project_token"}],
	["project_quotas:put", ["admin"], {}, set()],
	["project_quotas:put", ["key-manager:service-admin"], {}, {"service_admin"}],
	["postern:project_stores:get", ["key-manager:service-admin"], {}, {"service_admin"}],
	["postern:project_stores:put", ["key-manager:service-admin"], samples.foreign, {"service_admin"}],
	["postern:project_stores:put", ["admin", "creator"], {}, set()],
	["postern:project_stores:delete", ["key-manager:service-admin"], {}, {"service_admin"}],
	["postern:project_stores:delete", ["audit", "observer"], {}, set()],
	["secretstore_preferred:post", ["admin"], {}, {"admin"}],
	["order:delete", ["admin"], {}, {"project_admin"}],
	["order:delete", ["creator"], samples.own, set()],
	["order:get", ["audit"], {}, {"project_audit"}],
	["order:get", ["key-manager:service-admin"], {}, {"project_service_admin"}],
	["order:get", ["audit"], samples.foreign, set()],
	["secret:put", ["creator"], samples.private, {"project_creator"}],
	["secret:get", ["admin"], samples.private, {"project_admin"}],
	["secret:get", ["admin"], samples.foreign, set()],
	["secret:get", ["observer"], {}, {"observer_shared"}],
	["secret:get", ["observer"], samples.private, set()],
	["secret:get", ["audit"], {}, {"audit_shared"}],
	["secret:get", ["key-manager:service-admin"], {}, {"service_admin_shared"}],
	["secret:decrypt", ["audit", "key-manager:service-admin"], {}, set()],
	["secret:decrypt", ["observer"], {}, {"observer_shared"}],
	["secret:decrypt", [], samples.own, set()],
	["secret:decrypt", [], object.union(samples.foreign, samples.listed_private), {"acl_read"}],
	["secret:decrypt", ["creator"], object.union(samples.own, samples.private), {"creator_owner"}],
	["secret:delete", ["creator"], {}, {"creator_shared"}],
	["secret:delete", ["creator"], samples.private, set()],
	["secret:delete", [], samples.listed, set()],
	["secret_acls:get", ["observer"], samples.private, {"project_observer"}],
	["container:delete", ["creator"], {}, set()],
	["container:delete", ["creator"], samples.own, {"creator_owner"}],
	["consumer:get", ["audit"], samples.foreign, {"audit"}],
	["consumer:get", ["key-manager:service-admin"], {}, {"service_admin_shared"}],
]

test_grants[name] if {
	some i, [action, roles, changes, expected] in cases
	name := concat(" ", [format_int(i, 10), action])
	legacy.grants == expected with input as samples.ask(action, roles, changes)
}

test_a_peer_may_open_a_private_list_while_it_is_out_of_sight if {
	question := samples.ask("secret_acls:put_patch", ["creator"], samples.private)
	legacy.grants == {"creator_blind"} with input as question
	legacy.grants == set() with input as question with data.settings.acl_endpoint_blind as false
}

test_both_generations_know_the_same_actions if {
	count(actions) == 48
	every action in actions | own_actions {
		legacy.offered with input as {"action": action}
		secure.offered with input as {"action": action}
	}
}

own_actions := {
	"postern:version",
	"postern:project_stores:get",
	"postern:project_stores:put",
	"postern:project_stores:delete",
}

test_projects_stores_are_in_the_hands_that_quotas_are_in if {
	every verb in ["get", "put", "delete"] {
		stores := concat(":", ["postern:project_stores", verb])
		quotas := concat(":", ["project_quotas", verb])
		legacy_offers := legacy.offered with input as {"action": stores}
		legacy_offers == legacy.offered with input as {"action": quotas}
		secure_offers := secure.offered with input as {"action": stores}
		secure_offers == secure.offered with input as {"action": quotas}
	}
}

test_unknown_action_has_no_rule if {
	not legacy.offered with input as {"action": "secret:unlock"}
	not secure.offered with input as {"action": "secret:unlock"}
}

verbs := {
	"secrets": ["post", "get"],
	"secret": ["get", "decrypt", "put", "delete"],
	"secret_meta": ["get", "post", "put", "delete"],
	"secret_acls": ["get", "put_patch", "delete"],
	"secret_consumers": ["get", "post", "delete"],
	"containers": ["post", "get"],
	"container": ["get", "delete"],
	"container_secret": ["post", "delete"],
	"container_acls": ["get", "put_patch", "delete"],
	"container_consumers": ["get", "post", "delete"],
	"consumer": ["get"],
	"orders": ["post", "get", "put"],
	"order": ["get", "delete"],
	"quotas": ["get"],
	"project_quotas": ["get", "put", "delete"],
	"secretstores": ["get", "get_global_default", "get_preferred"],
	"secretstore": ["get"],
	"secretstore_preferred": ["post", "delete"],
	"transport_keys": ["get", "post"],
	"transport_key": ["get", "delete"],
}

actions contains concat(":", [noun, verb]) if {
	some noun, names in verbs
	some verb in names
}
