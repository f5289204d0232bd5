"""Annotations that several sections share. Used by the modules of sections only."""

from typing import Annotated

from msgspec import Meta

Duration = Annotated[float, Meta(extra={"smartspec": "duration"})]
ServiceName = Annotated[str, Meta(extra={"smartspec": "name", "of": "service"})]
EnvironmentName = Annotated[str, Meta(extra={"smartspec": "name", "of": "environment"})]
# A colon would let a person's name pass for an account that is not mapped to anybody.
PersonName = Annotated[
    str, Meta(extra={"smartspec": "name", "of": "person", "refused_characters": ":"})
]
Approver = Annotated[str, Meta(extra={"smartspec": "name", "of": "approver"})]
KindName = Annotated[str, Meta(extra={"smartspec": "name", "of": "kind"})]
Account = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^\S+$")]
ShortObjective = Annotated[str, Meta(extra={"smartspec": "objective"})]
