"""What is written arrives whole and in order, whatever its pieces; a small piece waits for nobody for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.joined_writes import LARGEST_HEAD, JoinedWrites


async def _received(write: Callable[[JoinedWrites], Awaitable[None]]) -> bytes:
    """What a real connection's other end reads until the end."""
    served = asyncio.Event()

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.joined = JoinedWrites(transport, asyncio.get_running_loop())
            self.task = asyncio.create_task(self.work())

        async def work(self) -> None:
            await write(self.joined)
            self.joined.close()
            served.set()

    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        content = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await writer.wait_closed()
        await served.wait()
    return content


@given(
    pieces=st.lists(
        st.tuples(
            st.integers(1, 3) | st.integers(LARGEST_HEAD - 1, LARGEST_HEAD + 1) | st.just(300_000), st.booleans()
        ),
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None)
def test_pieces_arrive_in_order(pieces: list[tuple[int, bool]]) -> None:
    bodies = [bytes([65 + number]) * size for number, (size, _) in enumerate(pieces)]

    async def write(joined: JoinedWrites) -> None:
        for body, (_, pause) in zip(bodies, pieces, strict=True):
            joined.write(body)
            if pause:
                await asyncio.sleep(0)

    assert asyncio.run(_received(write)) == b"".join(bodies)


def test_small_piece_is_sent_at_the_next_turn() -> None:
    sizes: list[int] = []

    async def write(joined: JoinedWrites) -> None:
        joined.write(b"head")
        sizes.append(joined.get_write_buffer_size())
        await asyncio.sleep(0)
        sizes.append(joined.get_write_buffer_size())

    assert asyncio.run(_received(write)) == b"head"
    assert sizes == [4, 0]


def test_what_else_a_transport_can_do_it_can_too() -> None:
    names: list[object] = []

    async def write(joined: JoinedWrites) -> None:
        names.append(joined.get_extra_info("sockname")[0])
        with pytest.raises(AttributeError):
            _ = joined.no_such_thing

    asyncio.run(_received(write))
    assert names == ["127.0.0.1"]
