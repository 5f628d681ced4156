"""A server that announces its address and ignores polite requests to end: the worst kind of child."""

import http.server
import json
import signal
import sys

from local.cloud.stdin_end import end_with_stdin

signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_with_stdin()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}) + "\n")
server.serve_forever()
