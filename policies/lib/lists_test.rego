package postern.lists_test

import data.postern.lists
import data.postern.samples_test as samples

listing(action, query) := object.union(
	samples.ask(action, ["creator"], {}),
	{"target": object.union(samples.collection, {"query": query})},
)

own_project := {"type": "field", "operator": "eq", "field": "project_id", "value": "p-1"}

named := {"type": "field", "operator": "contains", "field": "acl.read.users", "value": "u-1"}

test_a_list_shows_the_own_project if {
	every action in ["secrets:get", "containers:get", "orders:get"] {
		lists.filter == own_project with input as listing(action, {})
	}
}

test_acl_only if {
	every value in ["true", "True", "TRUE"] {
		lists.filter == named with input as listing("secrets:get", {"acl_only": value})
	}
}

test_other_values_and_other_lists_ignore_acl_only if {
	lists.filter == own_project with input as listing("secrets:get", {"acl_only": "1"})
	lists.filter == own_project with input as listing("containers:get", {"acl_only": "true"})
}

test_no_filter_for_what_lists_nothing if {
	not lists.filter with input as samples.ask("secret:get", ["creator"], {})
}
