"""Block devices and image files, opened read-only: their sizes, holes and content. Nothing here ever writes."""
