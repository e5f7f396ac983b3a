"""Waits until a server's models are loaded."""

import argparse
import sys
import time
import urllib.error
import urllib.request


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", action="append")
    arguments = parser.parse_args()
    url = arguments.base_url.removesuffix("/v1") + "/ready"
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if answer.status == 200:
                    return 0
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.5)
    print("not ready after five minutes")
    return 1


if __name__ == "__main__":
    sys.exit(main())
