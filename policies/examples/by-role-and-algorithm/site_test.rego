package site_test

import data.postern
import data.postern.samples_test as samples

secret(roles, algorithm) := samples.ask("secrets:post", roles, {"attributes": {"algorithm": algorithm}})

order(roles, algorithm) := samples.ask("orders:post", roles, {"attributes": {"meta": {"algorithm": algorithm}}})

test_where_keys_go[name] if {
	some i, [roles, algorithm, obligations] in [
		[["creator"], "aes", {}],
		[["creator"], null, {}],
		[["creator"], "RSA", {"store": ["hsm-b", "hsm-a", "software"]}],
		[["creator", "key-custodian"], "aes", {"store": ["hsm-a", "hsm-b"]}],
		[["creator", "key-custodian"], null, {"store": ["hsm-a", "hsm-b"]}],
		[["creator", "key-custodian"], "rsa", {"store": ["hsm-a", "hsm-b"]}],
		[["creator"], "des", {"store": ["software"]}],
	]
	name := format_int(i, 10)
	postern.decision.obligations == obligations with input as secret(roles, algorithm)
	postern.decision.obligations == obligations with input as order(roles, algorithm)
	postern.decision.allow with input as secret(roles, algorithm)
}

test_a_second_step if {
	question := object.union(secret(["creator"], "rsa"), {"action": "secret:put"})
	postern.decision.obligations == {"store": ["hsm-b", "hsm-a", "software"]} with input as question
}

test_what_no_store_may_hold_is_refused if {
	every question in [secret(["creator", "key-custodian"], "des"), order(["creator", "key-custodian"], "des")] {
		not postern.decision.allow with input as question
		postern.decision.reasons == [{"code": "deny.obligation_conflict", "detail": "store"}] with input as question
	}
}

test_reading_is_no_matter_of_place if {
	question := object.union(secret(["creator", "key-custodian"], "rsa"), {"action": "secret:decrypt"})
	postern.decision.obligations == {} with input as question
}
