"""What a running service holds in memory."""

from proxy.simulator.behaviour import Behaviour
from proxy.simulator.ledger import Ledger


class ServiceState:
    """The present behaviour, which may be exchanged while running, and the ledger of calls."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.ledger = Ledger()
