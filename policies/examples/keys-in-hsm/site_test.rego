package site_test

import data.postern
import data.postern.samples_test as samples

ask(action, attributes, stores) := object.union(
	samples.ask(action, ["creator"], {"id": null, "attributes": attributes}),
	{"env": {"stores": stores, "preferred_store": null}},
)

hsm := {"kind": "pkcs11", "classes": ["hsm", "fips"]}

software := {"kind": "simple_crypto", "classes": []}

stores := {"software": software, "hsm-b": hsm, "hsm-a": hsm}

in_hsm := {"store": ["hsm-a", "hsm-b"]}

test_where_types_go[secret_type] if {
	some secret_type, obligations in {
		"certificate": in_hsm,
		"private": in_hsm,
		"public": {},
		"symmetric": {},
		"passphrase": {},
		"opaque": {},
	}
	every action in ["secrets:post", "secret:put"] {
		decision := postern.decision with input as ask(action, {"secret_type": secret_type}, stores)
		decision.allow
		decision.obligations == obligations
	}
}

test_ordered_pairs if {
	postern.decision.obligations == in_hsm with input as ask("orders:post", {"type": "asymmetric"}, stores)
	postern.decision.obligations == {} with input as ask("orders:post", {"type": "key"}, stores)
}

test_without_hsm_nothing_is_taken if {
	question := ask("secrets:post", {"secret_type": "private"}, {"software": software})
	postern.decision.reasons == [{"code": "deny.obligation_conflict", "detail": "store"}] with input as question
	not postern.decision.allow with input as question
}

test_reading_is_no_matter_of_place if {
	postern.decision.obligations == {} with input as ask("secret:decrypt", {"secret_type": "private"}, stores)
}

test_a_body_that_did_not_parse if {
	postern.decision.obligations == {} with input as ask("secrets:post", null, stores)
}
