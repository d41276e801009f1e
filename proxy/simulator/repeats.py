"""How often a picture has been asked for: without a seed, the service never draws the same one twice."""

import hashlib
import threading
from collections import OrderedDict

_REMEMBERED = 50_000


class Repeats:
    """Counts equal requests, the latest 50 000 of them."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def varied(self, material: bytes) -> bytes:
        """The material for this time: the first time as it is, then another each time, the same in every run."""
        with self._lock:
            before = self._seen.pop(material, 0)
            self._seen[material] = before + 1
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return hashlib.sha256(material + before.to_bytes(8)).digest() if before else material
