package postern_test

import data.postern
import data.postern.samples_test as samples

granted := samples.ask("secret:decrypt", ["creator"], samples.own)

refused := samples.ask("secret:decrypt", ["reader"], {})

test_a_grant_allows if {
	postern.decision == {
		"allow": true,
		"reasons": [{"code": "legacy.creator_owner"}, {"code": "legacy.creator_shared"}],
		"filter": null,
		"obligations": {},
	} with input as granted
}

test_no_grant_refuses_and_names_what_was_missing if {
	postern.decision == {
		"allow": false,
		"reasons": [{
			"code": "deny.no_grant",
			"detail": "project_admin creator_owner creator_shared observer_shared acl_read",
		}],
		"filter": null,
		"obligations": {},
	} with input as refused
}

test_the_mode_chooses_the_generation if {
	question := samples.ask("secret:get", ["member"], samples.own)
	not postern.allow with input as question
	postern.decision.reasons == [{"code": "secure.member_owner"}, {"code": "secure.member_shared"}] with input as question
		with data.settings.mode as "secure"
	not postern.allow with input as granted with data.settings.mode as "secure"
}

test_unknown_mode if {
	postern.decision.reasons == [{"code": "deny.unknown_action"}, {"code": "deny.unknown_mode"}] with input as granted
		with data.settings.mode as "both"
	not postern.decision.allow with input as granted with data.settings.mode as "both"
}

test_unknown_action if {
	question := samples.ask("secret:unlock", ["admin"], {})
	postern.decision.reasons == [{"code": "deny.unknown_action"}] with input as question
	not postern.decision.allow with input as question with data.site.grant as {"site.everything"}
}

test_only_project_scope if {
	every scope in ["system", "domain", "none"] {
		question := object.union(granted, {"principal": {"scope": scope}})
		postern.decision.allow == false with input as question
		postern.decision.reasons == [{"code": "deny.scope"}] with input as question
	}
}

test_an_empty_question_is_refused if {
	postern.decision.allow == false with input as {}
}

test_a_list_carries_its_filter if {
	question := object.union(samples.ask("secrets:get", ["creator"], {}), {"target": samples.collection})
	postern.decision.filter.field == "project_id" with input as question
}

test_a_refused_list_carries_none if {
	question := object.union(samples.ask("secrets:get", ["nobody"], {}), {"target": samples.collection})
	postern.decision.filter == null with input as question
}

test_a_site_denial_outweighs_every_grant if {
	postern.decision.allow == false with input as granted
		with data.site.deny as {"site.closed"}
		with data.site.grant as {"site.open"}
	postern.decision.reasons == [{"code": "site.closed"}] with input as granted with data.site.deny as {"site.closed"}
}

test_a_site_grant_widens if {
	postern.decision.allow with input as refused with data.site.grant as {"site.exception"}
	postern.decision.reasons == [{"code": "site.exception"}] with input as refused with data.site.grant as {"site.exception"}
}

test_site_obligations_travel if {
	postern.decision.obligations == {"audit": "sync"} with input as granted with data.site.oblige as {{"audit": "sync"}}
}

test_conceal_hides_what_is_foreign if {
	foreign := samples.ask("secret:get", ["creator"], samples.foreign)
	postern.decision.obligations == {} with input as foreign
	postern.decision.obligations == {"conceal": true} with input as foreign with data.settings.conceal as true
}

test_conceal_leaves_the_own_project_and_what_is_allowed if {
	postern.decision.obligations == {} with input as refused with data.settings.conceal as true
	listed := samples.ask("secret:get", [], object.union(samples.foreign, samples.listed))
	postern.decision.obligations == {} with input as listed with data.settings.conceal as true
}
