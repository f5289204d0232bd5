"""Slack as a place that is told of rollbacks, and where people ask for and answer them."""

from smartspec_rollback.providers.channels.slack.messenger import SlackMessenger
from smartspec_rollback.providers.channels.slack.settings import SlackSettings

__all__ = ["SlackMessenger", "SlackSettings"]
