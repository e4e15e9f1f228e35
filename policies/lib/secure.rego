# METADATA
# title: Secure rules
# description: |
#   The original's newer generation: admin, member and reader. The directory expands implied roles into the token; an
#   `admin` that stands alone is neither member nor reader here. Tables as in the legacy rules.
# schemas:
#   - input: schema.input
package postern.secure

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

rule("secrets:post") := "contribute"
rule("secrets:get") := "contribute"
rule("secret:get") := "read_any_project"
rule("secret:decrypt") := "read"
rule("secret:put") := "modify"
rule("secret:delete") := "modify_any_project"
rule("secret_meta:get") := "read"
rule("secret_meta:post") := "modify"
rule("secret_meta:put") := "modify"
rule("secret_meta:delete") := "modify"
rule("secret_acls:get") := "acl"
rule("secret_acls:put_patch") := "acl"
rule("secret_acls:delete") := "acl"
rule("secret_consumers:get") := "read"
rule("secret_consumers:post") := "read"
rule("secret_consumers:delete") := "read"
rule("containers:post") := "contribute"
rule("containers:get") := "contribute"
rule("container:get") := "read"
rule("container:delete") := "modify"
rule("container_secret:post") := "modify"
rule("container_secret:delete") := "modify"
rule("container_acls:get") := "acl"
rule("container_acls:put_patch") := "acl"
rule("container_acls:delete") := "acl"
rule("container_consumers:get") := "read"
rule("container_consumers:post") := "read"
rule("container_consumers:delete") := "read"
rule("consumer:get") := "read_consumer"
rule("orders:post") := "contribute"
rule("orders:get") := "contribute"
rule("orders:put") := "contribute"
rule("order:get") := "order"
rule("order:delete") := "order"
rule("quotas:get") := "look"
rule("project_quotas:get") := "administer"
rule("project_quotas:put") := "administer"
rule("project_quotas:delete") := "administer"
rule("secretstores:get") := "look"
rule("secretstores:get_global_default") := "look"
rule("secretstores:get_preferred") := "look"
rule("secretstore:get") := "look"
rule("secretstore_preferred:post") := "administer"
rule("secretstore_preferred:delete") := "administer"
rule("transport_keys:get") := "look"
rule("transport_keys:post") := "administer"
rule("transport_key:get") := "look"
rule("transport_key:delete") := "administer"
rule("postern:version") := "discover"
rule("postern:project_stores:get") := "administer"
rule("postern:project_stores:put") := "administer"
rule("postern:project_stores:delete") := "administer"

offers("discover") := ["project_token"]
offers("contribute") := ["member"]
offers("look") := ["reader"]
offers("administer") := ["admin"]
offers("order") := ["project_member"]
offers("modify") := ["project_admin", "member_owner", "member_shared"]
offers("modify_any_project") := ["admin", "project_admin", "member_owner", "member_shared"]
offers("read") := ["project_admin", "member_owner", "member_shared", "acl_read"]
offers("read_any_project") := ["admin", "project_admin", "member_owner", "member_shared", "acl_read"]
offers("read_consumer") := ["admin", "member_owner", "member_shared", "acl_read"]
offers("acl") := ["project_admin", "member_owner", "member_sighted"]

holds("project_token") if is_string(input.principal.project.id)
holds("admin") if facts.has("admin")
holds("member") if facts.has("member")
holds("reader") if facts.has("reader")
holds("project_admin") if facts.in_project("admin")
holds("project_member") if facts.in_project("member")
holds("member_shared") if facts.shared_with("member")
holds("member_owner") if facts.owned_by("member")
holds("acl_read") if facts.acl_read

# A list that cannot be seen cannot say "shared": see `data.postern.settings.acl_endpoint_blind`.
holds("member_sighted") if {
	not settings.acl_endpoint_blind
	facts.shared_with("member")
}
