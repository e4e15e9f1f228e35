package postern.facts_test

import data.postern.facts
import data.postern.samples_test as samples

ask(changes) := samples.ask("secret:get", ["Creator"], changes)

test_roles_ignore_case if {
	facts.has("creator") with input as ask({})
	not facts.has("Creator") with input as ask({})
	not facts.has("admin") with input as ask({})
}

test_same_project if {
	facts.same_project with input as ask({})
	not facts.same_project with input as ask(samples.foreign)
}

test_a_missing_project_is_nobodys if {
	unscoped := object.union(ask({"project_id": null}), {"principal": {"project": null}})
	not facts.same_project with input as unscoped
	nameless := object.union(ask({"project_id": null}), {"principal": {"project": {"id": null}}})
	not facts.same_project with input as nameless
}

test_owner if {
	facts.owner with input as ask(samples.own)
	not facts.owner with input as ask({})
}

test_a_missing_user_owns_nothing if {
	anonymous := object.union(ask({"creator_id": null}), {"principal": {"user": {"id": null}}})
	not facts.owner with input as anonymous
}

test_shared if {
	facts.shared with input as ask({})
	not facts.shared with input as ask(samples.private)
	not facts.shared with input as ask({"acl": null})
}

test_acl_read if {
	facts.acl_read with input as ask(samples.listed)
	not facts.acl_read with input as ask({})
}

test_foreign if {
	facts.foreign with input as ask(samples.foreign)
	not facts.foreign with input as ask({})
	not facts.foreign with input as ask({"id": null, "project_id": "p-2"})
	not facts.foreign with input as object.union(ask({}), {"target": null})
}

test_combinations if {
	facts.in_project("creator") with input as ask({})
	not facts.in_project("creator") with input as ask(samples.foreign)
	facts.shared_with("creator") with input as ask({})
	not facts.shared_with("creator") with input as ask(samples.private)
	facts.owned_by("creator") with input as ask(samples.own)
	not facts.owned_by("creator") with input as ask({})
}

consumer_of(type) := ask({
	"type": "consumer",
	"project_id": "p-9",
	"parent": {"type": type, "id": "c-1", "project_id": "p-1", "creator_id": "u-1"},
	"acl": samples.listed.acl,
})

test_a_consumer_is_judged_by_its_container if {
	question := consumer_of("container")
	facts.same_project with input as question
	facts.owner with input as question
	facts.acl_read with input as question
}

test_a_consumer_of_a_secret_has_no_such_facts if {
	question := consumer_of("secret")
	not facts.same_project with input as question
	not facts.owner with input as question
	not facts.acl_read with input as question
	not facts.shared with input as question
}

test_no_target_no_facts if {
	question := object.union(ask({}), {"target": null})
	not facts.same_project with input as question
	not facts.owner with input as question
	not facts.shared with input as question
	not facts.acl_read with input as question
}
