package site_test

import data.postern
import data.postern.samples_test as samples

stores := {
	"software": {"classes": []},
	"hsm-b": {"classes": ["pci"]},
	"hsm-a": {"classes": ["fips", "pci"]},
	"vault": {"classes": ["fips"]},
}

ask(action, roles, project, changes) := object.union(
	samples.ask(action, roles, object.union({"project_id": project}, changes)),
	{"principal": {"project": {"id": project}}, "env": {"stores": stores, "preferred_store": null}},
)

test_what_is_in_scope if {
	every project in ["p-cards", "p-payments"] {
		every action in ["secrets:post", "secret:put", "orders:post"] {
			decision := postern.decision with input as ask(action, ["creator"], project, {})
			decision.allow
			decision.obligations == {"audit": "sync", "store": ["hsm-a", "hsm-b"]}
		}
	}
}

test_what_is_not if {
	postern.decision.obligations == {} with input as ask("secrets:post", ["creator"], "p-1", {})
	postern.decision.obligations == {} with input as ask("secret:decrypt", ["creator"], "p-cards", {})
}

test_who_may_prefer_what[name] if {
	some [project, store, allowed] in [
		["p-cards", "hsm-a", true],
		["p-cards", "hsm-b", true],
		["p-cards", "vault", false],
		["p-cards", "software", false],
		["p-cards", "gone", false],
		["p-1", "software", true],
	]
	name := concat(": ", [project, store])
	decision := postern.decision with input as ask(
		"secretstore_preferred:post",
		["admin"],
		project,
		{"type": "secret_store", "id": "i", "store": {"name": store}},
	)
	decision.allow == allowed
}

test_another_rule_narrows_further if {
	question := ask("secrets:post", ["creator"], "p-cards", {})
	narrowed := {{"store": ["hsm-a", "hsm-b"]}, {"store": ["vault", "hsm-b"]}}
	postern.decision.obligations == {"store": ["hsm-b"]} with input as question with data.site.oblige as narrowed
}

test_without_certified_stores_nothing_is_taken if {
	question := ask("secrets:post", ["creator"], "p-cards", {})
	not postern.decision.allow with input as object.union(
		question,
		{"env": {"stores": {"hsm-a": {"classes": []}, "hsm-b": {"classes": []}}}},
	)
}
