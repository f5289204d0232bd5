"""Deployment systems: each file or package here is one implementation of `ports.platform`."""
