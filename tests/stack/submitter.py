"""`python -m tests.stack.submitter URL PATH TIMES`: one of many clients that want to spend at once.

Standard input is one JSON object, the headers and the body of the request; it is sent TIMES times over one connection,
from the moment that a second line arrives. Standard output is `{"status": [how often, first body]}`.
"""

from __future__ import annotations

import http.client
import json
import sys
from urllib.parse import urlsplit


def main() -> None:
    url, path, times = urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    order = json.loads(sys.stdin.readline())
    body = json.dumps(order["body"])
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=120)
    print("ready", flush=True)
    sys.stdin.readline()
    seen: dict[int, list] = {}
    for _ in range(times):
        connection.request("POST", path, body, order["headers"])
        answer = connection.getresponse()
        content = answer.read().decode()
        seen.setdefault(answer.status, [0, content])[0] += 1
    connection.close()
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
