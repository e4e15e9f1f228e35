# METADATA
# title: The matrix for the interpreter
# description: The compiled module answers the same questions in matrix.test.ts; the two must not drift apart.
package matrix

import data.postern

played := count(data.cases)

different contains row.id if {
	some row in data.cases
	not agrees(row)
}

agrees(row) if {
	# A reference in the place of `question` is evaluated too late: the rules would see no input.
	question := row.input
	mode := row.mode
	postern.decision.allow == row.allow with input as question with data.settings.mode as mode
}
