"""A bare Starlette on uvicorn: answers every POST with one file's bytes, and plays the upstream service.

python -m tests.benchmarks.plain_server PORT FILE
"""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main(port: int, path: Path) -> None:
    body = path.read_bytes()

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    application = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
    uvicorn.run(application, host="127.0.0.1", port=port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
