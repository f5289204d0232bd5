"""Captures: what brings a release back that the cluster forgot, or configured otherwise since.

``taking`` makes them, ``recall`` reads them, ``restoring`` says what configuration goes back, and
``steps`` puts it there. What a capture holds stands in ``document``; never a Secret's value.
"""
