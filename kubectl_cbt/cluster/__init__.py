"""The objects of CBT in a cluster: from snapshots' names to a service's endpoint, tokens for it, and a route to it."""
