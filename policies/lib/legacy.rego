# METADATA
# title: Legacy rules
# description: |
#   The original's older generation: admin, creator, observer, audit and key-manager:service-admin, no role implying
#   another. Three tables, read from the action: the rule it has, the grants a rule offers, what a grant demands.
# schemas:
#   - input: schema.input
package postern.legacy

import data.postern.facts
import data.postern.settings

# METADATA
# description: Why the caller may do it; empty is a refusal.
grants contains grant if {
	some grant in offered
	holds(grant)
}

# METADATA
# description: Every grant that would allow the action; undefined for an action nobody knows.
offered := offers(rule(input.action))

rule("secrets:post") := "create"
rule("secrets:get") := "list"
rule("secret:get") := "read"
rule("secret:decrypt") := "decrypt"
rule("secret:put") := "fill"
rule("secret:delete") := "modify"
rule("secret_meta:get") := "read"
rule("secret_meta:post") := "modify"
rule("secret_meta:put") := "modify"
rule("secret_meta:delete") := "modify"
rule("secret_acls:get") := "read_acl"
rule("secret_acls:put_patch") := "modify_acl"
rule("secret_acls:delete") := "modify_acl"
rule("secret_consumers:get") := "read"
rule("secret_consumers:post") := "read"
rule("secret_consumers:delete") := "read"
rule("containers:post") := "create"
rule("containers:get") := "list"
rule("container:get") := "read"
rule("container:delete") := "delete_container"
rule("container_secret:post") := "modify"
rule("container_secret:delete") := "modify"
rule("container_acls:get") := "read_acl"
rule("container_acls:put_patch") := "modify_acl"
rule("container_acls:delete") := "modify_acl"
rule("container_consumers:get") := "read"
rule("container_consumers:post") := "read"
rule("container_consumers:delete") := "read"
rule("consumer:get") := "read_consumer"
rule("orders:post") := "create"
rule("orders:get") := "list"
rule("orders:put") := "create"
rule("order:get") := "read_order"
rule("order:delete") := "administer_project"
rule("quotas:get") := "look"
rule("project_quotas:get") := "operate"
rule("project_quotas:put") := "operate"
rule("project_quotas:delete") := "operate"
rule("secretstores:get") := "look"
rule("secretstores:get_global_default") := "look"
rule("secretstores:get_preferred") := "look"
rule("secretstore:get") := "look"
rule("secretstore_preferred:post") := "administer"
rule("secretstore_preferred:delete") := "administer"
rule("transport_keys:get") := "look"
rule("transport_keys:post") := "operate"
rule("transport_key:get") := "look"
rule("transport_key:delete") := "operate"
rule("postern:version") := "discover"
rule("postern:project_stores:get") := "operate"
rule("postern:project_stores:put") := "operate"
rule("postern:project_stores:delete") := "operate"

offers("discover") := ["project_token"]
offers("create") := ["admin", "creator"]
offers("list") := ["admin", "creator", "observer"]
offers("look") := ["admin", "creator", "observer", "audit", "service_admin"]
offers("administer") := ["admin"]
offers("operate") := ["service_admin"]
offers("administer_project") := ["project_admin"]
offers("fill") := ["project_admin", "project_creator"]
offers("read_order") := [
	"project_admin",
	"project_creator",
	"project_observer",
	"project_audit",
	"project_service_admin",
]

offers("read_acl") := ["project_admin", "project_creator", "project_observer"]
offers("modify_acl") := ["project_admin", "creator_owner", "creator_shared", "creator_blind"]
offers("delete_container") := ["project_admin", "creator_owner"]
offers("modify") := ["project_admin", "creator_owner", "creator_shared"]
offers("decrypt") := ["project_admin", "creator_owner", "creator_shared", "observer_shared", "acl_read"]
offers("read") := [
	"project_admin",
	"creator_owner",
	"creator_shared",
	"observer_shared",
	"audit_shared",
	"service_admin_shared",
	"acl_read",
]

offers("read_consumer") := ["admin", "creator", "observer", "audit", "service_admin_shared", "acl_read"]

holds("project_token") if is_string(input.principal.project.id)
holds("admin") if facts.has("admin")
holds("creator") if facts.has("creator")
holds("observer") if facts.has("observer")
holds("audit") if facts.has("audit")
holds("service_admin") if facts.has("key-manager:service-admin")
holds("project_admin") if facts.in_project("admin")
holds("project_creator") if facts.in_project("creator")
holds("project_observer") if facts.in_project("observer")
holds("project_audit") if facts.in_project("audit")
holds("project_service_admin") if facts.in_project("key-manager:service-admin")
holds("creator_shared") if facts.shared_with("creator")
holds("observer_shared") if facts.shared_with("observer")
holds("audit_shared") if facts.shared_with("audit")
holds("service_admin_shared") if facts.shared_with("key-manager:service-admin")
holds("creator_owner") if facts.owned_by("creator")
holds("acl_read") if facts.acl_read

# A list that cannot be seen cannot say "private": see `data.postern.settings.acl_endpoint_blind`.
holds("creator_blind") if {
	settings.acl_endpoint_blind
	facts.in_project("creator")
}
