"""The three steps that a rollback has on nearly every platform, in the words that people know.

Called by platforms when they list steps. Pure; how a step is done, and what it takes to undo it,
is theirs to say.
"""

from smartspec_rollback.domain.step import SWITCH, Repeat, Step
from smartspec_rollback.domain.target import Target
from smartspec_rollback.domain.values import Parameter, Value, parameters

START = "start-instances"
SCALE_DOWN = "scale-down"


class UsualSteps(Value):
    """What such steps of one plan share: from and to which version, and what each is told.

    ``facts`` are the parameters of all of them. Every step may be repeated.
    """

    target: Target
    old: str
    new: str
    facts: tuple[Parameter, ...]

    def start(
        self,
        *,
        expected: tuple[Parameter, ...],
        undo: str,
        timeout: float,
        kind: str = START,
        moves_traffic: bool = False,
    ) -> Step:
        """Start the target's instances."""
        return Step(
            id=kind,
            kind=kind,
            title=f"Start `{self.new}` instances.",
            target=self.target,
            parameters=self.facts,
            expected=expected,
            undo=undo,
            repeat=Repeat.IDEMPOTENT,
            timeout=timeout,
            moves_traffic=moves_traffic,
        )

    def switch(self, *, undo: str, timeout: float, kind: str = SWITCH) -> Step:
        """Turn production to the target."""
        return Step(
            id=SWITCH,
            kind=kind,
            title=f"Switch production traffic from `{self.old}` to `{self.new}`.",
            target=self.target,
            parameters=self.facts,
            expected=parameters(version=self.new, traffic="100%"),
            undo=undo,
            repeat=Repeat.IDEMPOTENT,
            timeout=timeout,
            moves_traffic=True,
        )

    def scale_down(self, *, undo: str, timeout: float, kind: str = SCALE_DOWN) -> Step:
        """End the instances of the version that was left."""
        return Step(
            id=kind,
            kind=kind,
            title=f"Scale down `{self.old}` instances to 0.",
            target=self.target,
            parameters=self.facts,
            expected=parameters(version=self.old, running=0),
            undo=undo,
            repeat=Repeat.IDEMPOTENT,
            timeout=timeout,
        )
