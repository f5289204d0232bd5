"""Talking to an API server: where it is, who we are, what is asked, what a refusal means."""
