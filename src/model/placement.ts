/** Who chose the store of a new payload: a rule, whoever assigned a store to the project, or nobody. */
export type PlacedBy = 'policy' | 'project' | 'default';
