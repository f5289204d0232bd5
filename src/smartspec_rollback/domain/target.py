"""What is deployed where: Service, Environment, and the Target that pairs them."""

from smartspec_rollback.domain.values import Value


class Target(Value, order=True):
    """A service in an environment; the unit that is deployed and rolled back."""

    service: str
    environment: str

    def __str__(self) -> str:
        return f"{self.service}/{self.environment}"
