"""`python -m generations.simulator`: serves until it is told to end."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from generations.simulator.server import Server
from generations.simulator.state import Settings, Simulator

DESCRIPTION = """A stand-in for Google's generative HTTP API: Gemini, Imagen, Veo, Omni and Lyria.

It makes real files that depend on the prompt, and counts what a provider would bill. Any API key will do."""
EPILOGUE = """faults:
  Write [[fault:NAME key=value ...]] in a prompt, or send the header x-simulator-fault: NAME key=value ...
  times=N limits it to the first N calls with that fault and prompt. Names: 400 403 429 (retry=) 500 503 reset_before
  reset_after hang (seconds= after=) truncated blocked_prompt blocked_output filtered no_usage fails_late never_ends
  file_not_active (polls=) bad_json slow (seconds=). The table is in generations/simulator/faults.py.

what was asked:
  GET    /_simulator/calls    every call that started work, with its units, and totals
  DELETE /_simulator/calls    forgets them, and how often each fault was used
  GET    /_simulator/health   {"status": "ok"}

exit status: 0 after SIGTERM or SIGINT, 1 when it cannot listen or say so, 2 for a wrong option."""


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    server = _listen(options)
    if options.ready_file:
        _announce(options.ready_file, server.url)
    sys.stdout.write(f"simulator: {server.url}\n")
    sys.stdout.flush()
    server.serve_forever()


def _listen(options: argparse.Namespace) -> Server:
    simulator = Simulator(Settings(latency=options.latency, operation_seconds=options.operation_seconds))
    try:
        return Server((options.host, options.port), simulator)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        sys.exit(f"simulator: cannot listen on {options.host}:{options.port}: {reason}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m generations.simulator",
        description=DESCRIPTION,
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="IPv4 address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="port; 0 picks a free one (default: %(default)s)")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help='where to write {"url", "pid"} once it listens')
    parser.add_argument(
        "--latency", type=_seconds, default=0.05, metavar="S", help="seconds before each answer (default: %(default)s)"
    )
    parser.add_argument(
        "--operation-seconds",
        type=_seconds,
        default=2.0,
        metavar="S",
        help="seconds a background interaction or a long-running operation takes (default: %(default)s)",
    )
    return parser.parse_args()


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError("must be a number of seconds, zero or more")
    return value


def _announce(path: Path, url: str) -> None:
    """Written beside and renamed, so that a reader never sees half of it."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            json.dump({"url": url, "pid": os.getpid()}, file)
        Path(file.name).replace(path)
    except OSError as error:
        sys.exit(f"simulator: cannot write {path}: {error.strerror}")


def _end(_number: int, _frame: FrameType | None) -> None:
    """At once: the threads that still answer hold nothing that outlives the process."""
    os._exit(0)


if __name__ == "__main__":
    main()
