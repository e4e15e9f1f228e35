package site_test

import data.postern
import data.postern.samples_test as samples

ask(action, project, domain) := object.union(
	samples.ask(action, ["creator"], {"project_id": project}),
	{"principal": {"project": {"id": project, "domain": {"id": domain}}}},
)

test_where_projects_go[name] if {
	some [project, domain, obligations] in [
		["p-1", "d-europe", {"store": "vault-eu"}],
		["p-1", "d-america", {"store": ["vault-us-east", "vault-us-west"]}],
		["p-1", "default", {}],
		["p-payments", "d-europe", {"store": "hsm"}],
		["p-payments", "default", {"store": "hsm"}],
	]
	name := concat(" of ", [project, domain])
	every action in ["secrets:post", "secret:put", "orders:post"] {
		decision := postern.decision with input as ask(action, project, domain)
		decision.allow
		decision.obligations == obligations
	}
}

test_reading_is_no_matter_of_place if {
	postern.decision.obligations == {} with input as ask("secret:decrypt", "p-1", "d-europe")
}

test_without_data_nothing_changes if {
	postern.decision.obligations == {} with input as ask("secrets:post", "p-payments", "d-europe") with data.placement as {}
}
