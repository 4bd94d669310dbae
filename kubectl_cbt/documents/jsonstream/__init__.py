"""Read JSON of any size in constant memory: a cursor over bytes, where values end, the members of an object."""
