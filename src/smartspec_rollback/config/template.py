"""The commented smartspec.yaml that ``smartspec init`` writes. It loads as it stands.

``init`` writes the JSON Schema beside it, under the name its first line tells editors.
"""

TEMPLATE = """\
# yaml-language-server: $schema=smartspec.schema.json
#
# What SmartSpec Rollback knows of your services. Unknown keys are errors; durations have units
# (500ms, 10s, 15m, 2h, 1d); secrets are references, {env: NAME} or {file: path}.

services:
  checkout:
    production:                      # an environment; a service may have several
      # What runs the service. The keys beside `kind` are the kind's own.
      platform: {kind: local, releases: releases/, instances: 3, listen: 127.0.0.1:8000}

      # `none` declares that there is no database. Left out, whether the schema allows a rollback
      # is unknown, and the risk is high. With a database:
      # database:
      #   kind: postgresql
      #   url: {env: CHECKOUT_DATABASE_URL}
      #   migrations: {tool: flyway, path: db/}
      database: none

      # What a release must keep to.
      objectives:
        - p99 latency <= 200ms
        - error rate <= 1%
        # the long form:
        # - {query: p95 latency, at_most: 80ms, name: most are fast, window: 30s, required: false}

      # How a release is tested and watched after it took traffic.
      verification:
        warm_up: 10s
        bake: 60s
        deadline: 30m
        # probes: [{path: /healthz, status: 200}]
        # commands: [./smoke.sh]

      # Where measurements come from: requests of our own, unless said otherwise.
      # metrics: {kind: probe}

      # Start the target version beside the live one while people read the plan.
      prewarm: true

      # How long a release must have been healthy to be known good.
      soak: 10m

      # Who must consent. Without approvers, anybody identified may.
      approval:
        # approvers: [alice, bob]    # names from `people`
        quorum: 1
        expires: 15m
        self_approval: true
        auto_approve_up_to: medium   # none, low or medium; high always needs a person

      # Where people are asked and told.
      # channel: {kind: terminal}

      # Windows in which changes need a reason; `to` is the first moment after it.
      # freeze: [{from: 2026-12-24, to: 2027-01-02, reason: holidays}]

      # Services of this file that this one calls.
      # depends_on: [payments]

# Who is who: the accounts by which each person is known.
# people:
#   alice: {os: alice, slack: U012AB3CD, matrix: "@alice:example.org", oidc: alice@example.org}
#   bob: {os: bob}
"""
