"""`python -m hub.common.tests.taker OWNER RATE SECONDS`: one of many processes that take from one bucket.

Takes as fast as it can for so long, from the moment that a line arrives, and prints how many times it was admitted.
"""

from __future__ import annotations

import sys
import time

from hub.common.rate_limit import Bucket, take
from hub.common.rates import Rate


def main() -> None:
    buckets = [Bucket("test", sys.argv[1], Rate.parse(sys.argv[2]))]
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + float(sys.argv[3])
    admitted = 0
    while time.monotonic() < end:
        admitted += take(buckets, insist=True).is_admitted
    print(admitted, flush=True)


if __name__ == "__main__":
    main()
