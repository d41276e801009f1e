"""What a running service holds in memory."""

from proxy.simulator.behaviour import Behaviour
from proxy.simulator.ledger import Ledger
from proxy.simulator.quota import Quotas
from proxy.simulator.repeats import Repeats


class ServiceState:
    """The present behaviour, which may be exchanged while running, the ledger of calls, and what is counted."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.ledger = Ledger()
        self.quotas = Quotas()
        self.repeats = Repeats()
