"""`python -m hub.common.tests.taker OWNER RATE SECONDS`: one of many processes that take from one bucket.

Takes as fast as it can for so long, from the moment that a line arrives, and writes `[admitted, first, last]`: how many
times it was admitted, when its first request was answered and when its last one was sent (by the machine's own clock).
"""

from __future__ import annotations

import json
import sys
import time

from hub.common.rate_limit import Bucket, take
from hub.common.rates import Rate
from hub.common.redis import impatient_client


def main() -> None:
    buckets = [Bucket("test", sys.argv[1], Rate.parse(sys.argv[2]))]
    impatient_client().ping()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    end = time.monotonic() + float(sys.argv[3])
    admitted, first, last = 0, 0.0, 0.0
    while last < end:
        last = time.monotonic()
        admitted += take(buckets, insist=True).is_admitted
        first = first or time.monotonic()
    json.dump([admitted, first, last], sys.stdout)


if __name__ == "__main__":
    main()
