"""Prewarming by a shadow: the target's template as a workload of its own, beside production.

It takes no traffic until a Service is pointed at it, which takes moments; the workload itself is
then put back behind it, takes the traffic over, and the shadow goes.
"""
