"""A Slack that runs on this machine, for tests: its Web API, Socket Mode, and people in front.

It refuses what Slack documents that it refuses. ``workspace.Workspace`` is what tests use.
"""
