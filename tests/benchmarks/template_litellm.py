"""The template `openai-images` against LiteLLM's proxy, in front of the reference proxy: `python -m` this module.

No measurement, and no test: LiteLLM is installed for it as for the benchmarks, which takes minutes and the network.
Exits as the run of the checklist does: 0 where it is a GO.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tests.benchmarks.peers import KEY, litellm
from tests.benchmarks.servers import BIN, gemini_answer, image_proxy, plain_server, png_of


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="litellm-") as name:
        folder = Path(name)
        with (
            plain_server(folder, "gemini.json", gemini_answer(png_of(10_000))) as gemini,
            image_proxy(folder, gemini) as ours,
            litellm(folder, ours) as theirs,
        ):
            url = theirs.url.removesuffix("/v1/images/generations")
            headers = {"authorization": f"Bearer {KEY}"}
            asked = urllib.request.Request(f"{url}/health/readiness/details", headers=headers)  # noqa: S310 - loopback
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
                version = json.load(answer)["litellm_version"]
            template = [*_signoff("init"), "--template", "openai-images", "--version", version, "--url", url]
            subprocess.run(template, cwd=folder, check=True)
            environment = {**os.environ, "OPENAI_API_KEY": KEY}
            run = [*_signoff("run"), "--non-interactive"]
            return subprocess.run(run, cwd=folder, env=environment, check=False).returncode


def _signoff(command: str) -> list[str]:
    return [str(BIN / "signoff"), command]


if __name__ == "__main__":
    sys.exit(main())
