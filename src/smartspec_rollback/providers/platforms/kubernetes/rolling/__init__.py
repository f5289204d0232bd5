"""Rolling back by the cluster's own rolling update: the template goes back, the cluster walks."""
