# METADATA
# title: Lists
# description: |
#   Which rows a list may show, as a condition that the host turns into a query. Private secrets of the own project are
#   among them, as in the original: a list shows no payload.
# schemas:
#   - input: schema.input
package postern.lists

# METADATA
# description: Undefined for an action that lists no project's objects.
filter := own_project if {
	input.action in {"secrets:get", "containers:get", "orders:get"}
	not shared_only
}

filter := shared_with_caller if shared_only

own_project := {
	"type": "field",
	"operator": "eq",
	"field": "project_id",
	"value": input.principal.project.id,
}

# Of every project; what the caller created counts only if the list names the caller as well.
shared_with_caller := {
	"type": "field",
	"operator": "contains",
	"field": "acl.read.users",
	"value": input.principal.user.id,
}

default shared_only := false

shared_only if {
	input.action == "secrets:get"
	lower(input.target.query.acl_only) == "true"
}
