# METADATA
# title: Site rules
# description: |
#   What a platform team adds in a package of its own, `site`, compiled together with this one: the sets `deny` and
#   `grant` (reason codes, or objects with `code` and `detail`) and `oblige` (objects of obligations). All are optional.
package postern.site

# METADATA
# description: One denial outweighs every grant, the site's own included.
denials contains reason(entry) if some entry in data.site.deny

# A rule written as `deny if` instead of `deny contains … if` is no set, and would deny nothing without a word.
denials contains {"code": "deny.site_shape"} if {
	value := data.site.deny
	not is_set(value)
}

denials contains {"code": "deny.site_shape"} if {
	value := data.site.oblige
	not is_set(value)
}

denials contains {"code": "deny.site_shape"} if {
	some entry in data.site.oblige
	not is_object(entry)
}

# Two rules that oblige differently, or a value that cannot be merged: a promise nobody can keep.
denials contains {"code": "deny.obligation_conflict", "detail": key} if {
	some key, _ in obliged
	not key in object.keys(obligations)
}

# METADATA
# description: Widens what the default rules give; kept apart so that a review sees every exception at a glance.
grants contains reason(entry) if {
	is_set(data.site.grant)
	some entry in data.site.grant
}

# METADATA
# description: The site's obligations, several of one kind made one.
obligations := {key: merged |
	some key, values in obliged
	merged := merge(key, values)
}

# Every value given for each obligation.
obliged[key] contains value if {
	some entry in data.site.oblige
	some key, value in entry
}

# Undefined is a conflict. Any other obligation has to be given alike by all.
merge("conceal", values) := true in values if every value in values { is_boolean(value) }

merge("audit", values) := strictest(values) if every value in values { value in audit_levels }

merge("redact", values) := sort({field | some fields in values; some field in fields}) if {
	every fields in values { is_array(fields) }
}

merge("warn", values) := concat("; ", sort(values)) if every value in values { is_string(value) }

# A store that one rule demands has to be allowed by all others.
merge("store", values) := demanded if {
	some demanded in values
	is_string(demanded)
	every value in values { demanded in names(value) }
}

# Of stores that are allowed, those that all rules allow.
merge("store", values) := preferred(orders) if {
	every value in values { is_array(value) }
	orders := {order |
		some value in values
		order := [name | some name in value; every other in values { name in other }]
	}
	not [] in orders
}

merge(key, values) := value if {
	not key in {"conceal", "audit", "redact", "warn", "store"}
	count(values) == 1
	some value in values
}

audit_levels := ["sync", "full", "normal"]

strictest(values) := [level | some level in audit_levels; level in values][0]

names(value) := [value] if is_string(value)

names(value) := value if is_array(value)

# Nobody's preference outweighs another's: where two rules order the same stores differently, the alphabet decides.
preferred(orders) := order if {
	count(orders) == 1
	some order in orders
}

preferred(orders) := sort({name | some order in orders; some name in order}) if count(orders) > 1

reason(entry) := {"code": entry} if is_string(entry)

reason(entry) := entry if is_string(entry.code)

# Whatever else stands in a set of denials still denies.
reason(entry) := {"code": "site.unnamed"} if not named(entry)

named(entry) if is_string(entry)

named(entry) if is_string(entry.code)
