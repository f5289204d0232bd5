"""A Kubernetes API server for tests, faithful where a rollback depends on it.

``cluster.Cluster`` is the way in. It is no part of the run time: nothing there may import it.
"""
