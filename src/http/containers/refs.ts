/** The last segment; a bare id is one. */
export const idInRef = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** As the original reads the references of a new container: one slash at the end is overlooked. */
export const idInNewRef = (ref: string): string => idInRef(ref.endsWith('/') ? ref.slice(0, -1) : ref);
