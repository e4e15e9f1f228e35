package postern.site_test

import data.postern.site

test_nothing_without_site_rules if {
	site.denials == set()
	site.grants == set()
	site.obligations == {}
}

test_reasons_are_codes_or_objects if {
	site.denials == {{"code": "site.a"}, {"code": "site.b", "detail": "why"}} with data.site.deny as {
		"site.a",
		{"code": "site.b", "detail": "why"},
	}
	site.grants == {{"code": "site.c"}} with data.site.grant as {"site.c"}
}

test_an_odd_denial_still_denies if {
	every odd in [1, true, {"reason": "x"}, {"code": 5}, null] {
		site.denials == {{"code": "site.unnamed"}} with data.site.deny as {odd}
	}
}

test_what_is_no_set_denies_and_grants_nothing if {
	every odd in [true, false, "site.a", {"code": "site.a"}, ["site.a"]] {
		{"code": "deny.site_shape"} in site.denials with data.site.deny as odd
		{"code": "deny.site_shape"} in site.denials with data.site.oblige as odd
		site.grants == set() with data.site.grant as odd
	}
}

test_an_obligation_is_an_object if {
	site.denials == {{"code": "deny.site_shape"}} with data.site.oblige as {"audit"}
}

test_obligations_merge if {
	site.obligations == {"conceal": true} with data.site.oblige as {{"conceal": true}, {"conceal": false}}
	site.obligations == {"conceal": false} with data.site.oblige as {{"conceal": false}}
	site.obligations == {"audit": "sync"} with data.site.oblige as {{"audit": "full"}, {"audit": "sync"}}
	site.obligations == {"redact": ["a", "b"]} with data.site.oblige as {{"redact": ["b"]}, {"redact": ["a", "b"]}}
	site.obligations == {"warn": "one; two"} with data.site.oblige as {{"warn": "two"}, {"warn": "one"}}
	site.obligations == {"store": "hsm", "warn": "w"} with data.site.oblige as {{"store": "hsm"}, {"store": "hsm", "warn": "w"}}
}

# What several rules oblige, and the store or the stores that are left.
placements := [
	[["hsm"], "hsm"],
	[["hsm", ["vault", "hsm"]], "hsm"],
	[["hsm", ["vault", "hsm"], ["hsm"]], "hsm"],
	[[["vault", "hsm"]], ["vault", "hsm"]],
	[[["vault", "hsm", "kmip"], ["vault", "kmip"]], ["vault", "kmip"]],
	[[["vault", "hsm", "kmip"], ["kmip", "vault"]], ["kmip", "vault"]],
	[[["hsm", "vault"], ["vault", "hsm"]], ["hsm", "vault"]],
	[[["hsm", "vault"], ["kmip", "vault"], ["vault", "dogtag"]], ["vault"]],
]

test_stores_that_all_rules_allow[name] if {
	some i, [given, left] in placements
	name := format_int(i, 10)
	site.obligations == {"store": left} with data.site.oblige as {{"store": value} | some value in given}
	site.denials == set() with data.site.oblige as {{"store": value} | some value in given}
}

test_no_store_that_all_rules_allow_denies[name] if {
	some i, given in [
		["hsm", "vault"],
		["hsm", ["vault"]],
		["hsm", []],
		["hsm", 5],
		[["hsm"], ["vault"]],
		[["hsm", "vault"], ["vault", "kmip"], ["kmip", "hsm"]],
		[[]],
		[["hsm"], []],
		[5],
		[{"hsm": true}],
		[["hsm"], null],
	]
	name := format_int(i, 10)
	site.denials == {{"code": "deny.obligation_conflict", "detail": "store"}} with data.site.oblige as {{"store": value} |
		some value in given
	}
}

test_an_unknown_obligation_travels_on if {
	site.obligations == {"dance": 1} with data.site.oblige as {{"dance": 1}}
	site.denials == set() with data.site.oblige as {{"dance": 1}}
}

test_what_cannot_be_merged_denies if {
	conflicts := {
		"store": {{"store": "a"}, {"store": "b"}},
		"conceal": {{"conceal": "yes"}},
		"audit": {{"audit": "loud"}, {"audit": "full"}},
		"redact": {{"redact": "name"}},
		"warn": {{"warn": 1}},
	}
	every key, obliged in conflicts {
		site.denials == {{"code": "deny.obligation_conflict", "detail": key}} with data.site.oblige as obliged
		not site.obligations[key] with data.site.oblige as obliged
	}
}
