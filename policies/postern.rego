# METADATA
# title: Postern's decision
# description: |
#   One question, one answer: may this principal perform this action on this target, under which conditions. Refused
#   unless a named grant says otherwise; a single denial outweighs every grant. The rules are the original's, in the
#   generation that `data.settings.mode` names, followed by the site's own.
# schemas:
#   - input: schema.input
package postern

import data.postern.facts
import data.postern.legacy
import data.postern.lists
import data.postern.secure
import data.postern.settings
import data.postern.site

# METADATA
# title: Decision
# description: The document of `schema/decision.json`.
# entrypoint: true
decision := {
	"allow": allow,
	"reasons": reasons,
	"filter": filter,
	"obligations": obligations,
}

default allow := false

allow if {
	count(denials) == 0
	count(grants) > 0
}

# What the chosen generation offers for this action; undefined for a mode or an action nobody knows.
offered := legacy.offered if settings.mode == "legacy"

offered := secure.offered if settings.mode == "secure"

# METADATA
# description: Why the caller may; a code names the generation and the grant, `legacy.project_admin`.
grants contains {"code": concat(".", ["legacy", grant])} if {
	settings.mode == "legacy"
	some grant in legacy.grants
}

grants contains {"code": concat(".", ["secure", grant])} if {
	settings.mode == "secure"
	some grant in secure.grants
}

grants contains reason if some reason in site.grants

# METADATA
# description: Why the caller may not, whatever the grants say.
denials contains {"code": "deny.unknown_mode"} if not settings.mode in {"legacy", "secure"}

denials contains {"code": "deny.unknown_action"} if not offered

# The original knows nothing but projects; whoever wants more writes the policy for it.
denials contains {"code": "deny.scope"} if not input.principal.scope == "project"

denials contains reason if some reason in site.denials

reasons := [reason | some reason in grants] if allow

reasons := [reason | some reason in denials] if count(denials) > 0

# The missing grants are named: a caller without the right role is the commonest question an operator gets.
reasons := [{"code": "deny.no_grant", "detail": concat(" ", offered)}] if {
	count(denials) == 0
	count(grants) == 0
}

default filter := null

filter := lists.filter if allow

default concealed := false

concealed if {
	settings.conceal
	facts.foreign
	not allow
}

obligations := site.obligations if not concealed

obligations := object.union(site.obligations, {"conceal": true}) if concealed
