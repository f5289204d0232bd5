"""The ledger behind a server: what commands do where ``--server`` names one.

Called by ``cli``. ``verbs`` does what ``cli.verbs`` says, by the server's API; ``following``
watches a rollback that the server carries out; ``asking`` and ``http`` know what the server
heard. Needs no smartspec.yaml, no ledger and no extra packages.
"""
